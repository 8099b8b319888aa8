"""Small worlds made by chance, in a database and in memory, where the research graph around anything can be counted out."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, text, update

from models import (
    Affiliation,
    Authorship,
    AuthorshipInstitution,
    Collaboration,
    Detached,
    Institution,
    Reference,
    Researcher,
    ResearcherTopic,
    Source,
    Topic,
    Work,
    WorkTopic,
    YearActivity,
)
from models.collaboration import MAX_BYLINE
from models.columns import now
from models.derive import derive
from models.detached import NO_WORK
from resolvers.adjacency import Node
from resolvers.ties import KINDS, MILLION

TABLES = (
    *(Detached, Reference, WorkTopic, AuthorshipInstitution, Authorship, Affiliation, Collaboration, ResearcherTopic),
    *(YearActivity, Researcher, Work, Institution, Topic, Source),
)  # fmt: skip
DOMAIN, FIELD = 10**9 + 1, 2 * 10**9 + 1
LEVELS = {
    DOMAIN: ("DOMAIN", None),
    FIELD: ("FIELD", DOMAIN),
    1: ("TOPIC", FIELD),
    2: ("TOPIC", FIELD),
    3: ("TOPIC", None),
}


@dataclass
class World:
    """Who wrote what about what, and who is not to be shown."""

    people: list[int]
    bylines: dict[int, list[tuple[int | None, tuple[int, ...]]]]  # by work: persons, and institutions named
    names: dict[int, int]  # by work: of its byline, some of which no source has
    citations: dict[int, int]
    sources: dict[int, int | None]
    topics: dict[int, dict[int, float]]  # by work: with scores
    references: set[tuple[int, int]]
    affiliations: dict[tuple[int, int], bool]  # whether they are there now
    withheld: set[int] = field(default_factory=set)
    suppressed: set[int] = field(default_factory=set)

    @property
    def shown(self) -> set[int]:
        return {*self.people} - self.suppressed

    def works_of(self, person: int) -> list[int]:
        return [work for work, byline in self.bylines.items() if person in {one for one, _ in byline}]


def made(chance: Random) -> World:
    people, works = range(1, chance.randint(2, 9)), range(101, 101 + chance.randint(1, 10))
    institutions = range(1, 4)
    bylines = {}
    for work in works:
        authors: list[int | None] = [*chance.sample([*people], chance.randint(0, min(4, len(people))))]
        if chance.random() < 0.3:
            authors.append(chance.choice([None, *authors]))
        bylines[work] = [(one, tuple(chance.sample(institutions, chance.choice((0, 1, 2))))) for one in authors]
    affiliations = {(p, i): False for p in people for i in institutions if chance.random() < 0.3}
    for person in people:
        there = [pair for pair in affiliations if pair[0] == person]
        if there and chance.random() < 0.7:
            affiliations[chance.choice(there)] = True
    return World(
        people=[*people],
        bylines=bylines,
        names={w: len(bylines[w]) + chance.choice((0, 0, 0, 2, MAX_BYLINE)) for w in works},
        citations={w: chance.choice((0, 1, 5, 5, 1000)) for w in works},
        sources={w: chance.choice((None, 1, 2)) for w in works},
        topics={w: {t: chance.choice((0.1, 0.5, 0.75)) for t in (1, 2, 3) if chance.random() < 0.5} for w in works},
        references={(one, other) for one in works for other in works if chance.random() < 0.1},
        affiliations=affiliations,
        withheld={p for p in people if chance.random() < 0.2},
        suppressed={p for p in people if chance.random() < 0.15},
    )


def kept(world: World, engine: Engine) -> None:
    """Put the world into the database, instead of what is there. Whose page is gone is still in what was derived."""
    with engine.begin() as connection:
        for table in TABLES:
            connection.execute(delete(table))
        for table, rows in _rows(world):
            if rows:
                connection.execute(insert(table), rows)
        for kind, table in (("researcher", "researcher"), ("topic", "topic"), ("institution", "institution")):
            connection.execute(text(f"INSERT INTO stale (kind, id) SELECT '{kind}', id FROM {table}"))
        derive(connection)
        for person in world.suppressed:
            _suppress(connection, person)


def _rows(world: World) -> Iterable[tuple[Any, list[dict[str, Any]]]]:
    def named(id: int, **known: Any) -> dict[str, Any]:
        return {"id": id, "slug": f"s-{id}", "display_name": f"N {id}", "name_key": f"n {id}", **known}

    here = {person: institution for (person, institution), now_there in world.affiliations.items() if now_there}
    yield Source, [{"id": id, "display_name": f"S {id}"} for id in (1, 2)]
    yield Topic, [named(id, level=level, parent_id=parent) for id, (level, parent) in LEVELS.items()]
    yield Institution, [named(id) for id in (1, 2, 3)]
    yield (
        Researcher,
        [
            named(person, institution_id=here.get(person), affiliation_withheld=person in world.withheld)
            for person in world.people
        ],
    )
    yield (
        Work,
        [
            {"id": w, "title": f"W {w}", "title_key": f"w {w}", "kind": "ARTICLE", "citation_count": world.citations[w]}
            | {"author_count": world.names[w], "source_id": world.sources[w]}
            for w in world.bylines
        ],
    )
    places = [(w, place, *one) for w, byline in world.bylines.items() for place, one in enumerate(byline)]
    yield Authorship, [{"work_id": w, "position": place, "researcher_id": person} for w, place, person, _ in places]
    yield (
        AuthorshipInstitution,
        [
            {"work_id": w, "position": place, "institution_id": one, "rank": rank}
            for w, place, _, there in places
            for rank, one in enumerate(there)
        ],
    )
    yield (
        WorkTopic,
        [
            {"work_id": w, "topic_id": t, "score": score}
            for w, found in world.topics.items()
            for t, score in found.items()
        ],
    )
    yield Reference, [{"citing_id": one, "cited_id": other} for one, other in world.references]
    yield Affiliation, [{"researcher_id": p, "institution_id": i} for p, i in world.affiliations]


def _suppress(connection: Connection, person: int) -> None:
    connection.execute(update(Researcher).where(Researcher.id == person).values(suppressed_at=now()))
    connection.execute(insert(Detached), {"researcher_id": person, "work_id": NO_WORK, "reason": "SUPPRESSED"})
    at = Authorship.researcher_id == person
    connection.execute(update(Authorship).where(at).values(researcher_id=None, detached_id=person))


Ends = tuple[str, Node, Node]
R, W, T, I = ((lambda id, kind=kind: Node(kind, id)) for kind in KINDS)  # noqa: E741


def strength(world: World, one: int, other: int) -> float:
    total = sum(
        MILLION // (world.names[w] - 1)
        for w in {*world.works_of(one)} & {*world.works_of(other)}
        if world.names[w] <= MAX_BYLINE
    )
    return total / (total + MILLION)


def shares(world: World, person: int) -> dict[int, tuple[int, float]]:
    """The person's topics: on how many works each, and on which share of them."""
    works = world.works_of(person)
    scores = defaultdict(list)
    for work in works:
        for topic, score in world.topics[work].items():
            scores[topic].append(score)
    fits = [topic for topic, of in scores.items() if len(of) >= 2 and max(of) >= 0.5]
    best = sorted(scores, key=lambda topic: (-max(scores[topic]), -len(scores[topic]), topic))
    return {topic: (len(scores[topic]), len(scores[topic]) / len(works)) for topic in fits or best[:3]}


def edges(world: World) -> dict[Ends, float]:
    """All edges there are."""
    found: dict[Ends, float] = {}
    for one in world.shown:
        for other in world.shown:
            if one < other and (weight := strength(world, one, other)):
                found["CO_AUTHORED", R(one), R(other)] = int(weight * MILLION) / MILLION
        for work in world.works_of(one):
            found["WROTE", R(one), W(work)] = MILLION // world.names[work] / MILLION
        for topic, (_, share) in shares(world, one).items():
            found["ABOUT", R(one), T(topic)] = int(share * MILLION) / MILLION
    for (person, institution), now_there in world.affiliations.items():
        if person in world.shown - world.withheld:
            found["AFFILIATED", R(person), I(institution)] = 1.0 if now_there else 0.5
    found |= {("CITES", W(one), W(other)): 1.0 for one, other in world.references}
    found |= {("PART_OF", T(id), T(parent)): 1.0 for id, (_, parent) in LEVELS.items() if parent}
    return found | _of_works(world)


def _of_works(world: World) -> dict[Ends, float]:
    found: dict[Ends, float] = {}
    for work, byline in world.bylines.items():
        for topic, score in world.topics[work].items():
            found["ABOUT", W(work), T(topic)] = int(score * MILLION) / MILLION
        for institution in (1, 2, 3):
            if naming := sum(institution in there for _, there in byline):
                found["AFFILIATED", W(work), I(institution)] = naming * MILLION // world.names[work] / MILLION
    return found


def around(found: Iterable[Ends], center: Node, depth: int, kinds: Callable[[Node], bool]) -> dict[Node, int]:
    """Everything of these kinds so near the center, with its distance."""
    beside = defaultdict(set)
    for _, one, other in found:
        beside[one].add(other)
        beside[other].add(one)
    distances, edge = {center: 0}, {center}
    for distance in range(1, depth + 1):
        edge = {other for node in edge for other in beside[node] if kinds(other)} - distances.keys()
        distances |= dict.fromkeys(edge, distance)
    return distances


def _much(count: int) -> int:
    return (count + 1) * MILLION // (count + 2)


def pull(world: World, weight: float, near: Node, far: Node) -> int:
    """How much a node pulls another in that an edge of this weight ties it to, in millionths."""
    match near.kind, far.kind:
        case (("RESEARCHER" | "INSTITUTION" | "WORK"), "WORK"):
            return _much(world.citations[far.id])
        case (("WORK" | "INSTITUTION"), "RESEARCHER"):
            return _much(len(world.works_of(far.id)))
        case "TOPIC", "RESEARCHER":
            return _much(shares(world, far.id)[near.id][0])
        case "TOPIC", "WORK":
            return round(weight * MILLION) * _much(world.citations[far.id]) // MILLION
        case "TOPIC", "TOPIC" if LEVELS[near.id][1] != far.id:
            return _much(len(about(world, far.id)))
        case _:
            return round(weight * MILLION)


def about(world: World, topic: int) -> list[int]:
    """The works about the topic, or one below it."""
    below = {topic, *[id for id, (_, parent) in LEVELS.items() if parent == topic]}
    below |= {id for id, (_, parent) in LEVELS.items() if parent in below}
    return [work for work, topics in world.topics.items() if below & topics.keys()]


def passed_on(world: World, node: Node) -> float:
    """The share of its own weight that a node leads on with."""
    if node.kind == "TOPIC":
        people = {person for work in about(world, node.id) for person, _ in world.bylines[work]} - {None}
        return 1 / (1 + len(people))
    if node.kind == "INSTITUTION":
        return 1 / (1 + sum(institution == node.id for _, institution in world.affiliations))
    return 1.0


def weights(world: World, found: Mapping[Ends, float], distances: Mapping[Node, int]) -> dict[Node, float]:
    """Of the nodes at these distances, by the strongest way from step to step."""
    weighed = {node: 1.0 for node, distance in distances.items() if distance == 0}
    for node, distance in sorted(distances.items(), key=lambda one: one[1])[1:]:
        ways = []
        for (_, one, other), weight in found.items():
            near = other if one == node else one
            if node in {one, other} and distances.get(near) == distance - 1:
                share = passed_on(world, near) if distance > 1 else 1.0
                ways.append(weighed[near] * share * pull(world, weight, near, node) / MILLION)
        weighed[node] = max(ways)
    return weighed
