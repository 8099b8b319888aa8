"""What the databases themselves refuse, whoever writes."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from models import Affiliation, Authorship, Collaboration, Institution, Researcher, Topic, Work, WorkTopic


def researcher(id: int, **known: object) -> Researcher:
    return Researcher(**({"id": id, "slug": f"r-{id}", "display_name": "R", "name_key": "r"} | known))


def work(id: int, **known: object) -> Work:
    return Work(**({"id": id, "title": "W", "title_key": "w", "kind": "ARTICLE"} | known))


BAD = {
    "the same slug twice": lambda: [researcher(1), researcher(2, slug="r-1")],
    "an unknown claim status": lambda: [researcher(1, claim_status="MAYBE")],
    "a level beyond 4": lambda: [researcher(1, verification_level=5)],
    "fewer than no followers": lambda: [researcher(1, follower_count=-1)],
    "an institution that is not there": lambda: [researcher(1, institution_id=5)],
    "an unknown kind": lambda: [work(1, kind="POEM")],
    "a year before paper": lambda: [work(1, publication_year=12)],
    "a byline of nobody's work": lambda: [Authorship(work_id=9, position=0)],
    "a place taken twice": lambda: [work(1), Authorship(work_id=1, position=0), Authorship(work_id=1, position=0)],
    "a place before the first": lambda: [work(1), Authorship(work_id=1, position=-1)],
    "a score beyond 1": lambda: [
        work(1),
        Topic(id=10**9, slug="d", level="DOMAIN", display_name="D", name_key="d"),
        WorkTopic(work_id=1, topic_id=10**9, score=1.5),
    ],
    "a topic above all": lambda: [Topic(id=3, slug="f", level="FIELD", display_name="F", name_key="f")],
    "a collaboration with oneself": lambda: [
        researcher(1),
        Collaboration(researcher_id=1, collaborator_id=1, shared_work_count=1, strength=0.5, is_close=False),
    ],
    "years out of order": lambda: [
        researcher(1),
        Institution(id=1, slug="i", display_name="I", name_key="i"),
        Affiliation(researcher_id=1, institution_id=1, first_year=2001, last_year=2000),
    ],
}


@pytest.mark.filterwarnings("ignore:New instance")
@pytest.mark.parametrize("mistake", BAD)
def test_the_database_refuses(save, mistake):
    with pytest.raises(IntegrityError):
        save(*BAD[mistake]())


def test_a_work_takes_its_byline_along(save, engine):
    save(work(1), researcher(1), Authorship(work_id=1, position=0, researcher_id=1))
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM work WHERE id = 1"))
        assert connection.scalar(text("SELECT count(*) FROM authorship")) == 0
