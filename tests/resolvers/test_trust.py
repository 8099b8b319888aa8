from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Researcher
from resolvers.trust import BANDS, Facts, total, trust

PAGE = Researcher(
    id=1,
    slug="kurt-keutzer",
    display_name="Kurt Keutzer",
    name_key="kurt keutzer",
    work_count=45,
    topic_count=15,
    close_collaborator_count=4,
)
counts = st.integers(0, 2**31 - 1)
facts = st.builds(
    Facts,
    works=counts,
    topics=counts,
    close_collaborators=counts,
    followers=counts,
    identifiers=st.integers(0, 1),
    affiliated=st.booleans(),
    claimed=st.booleans(),
    level=st.integers(0, 4),
)


def test_the_profile_page_scores_21():
    found = trust(PAGE)
    assert (found.score, found.band) == (21, "EMERGING")
    assert sum(component.points for component in found.components) == 21
    assert sum(component.max_points for component in found.components) == 100


@given(facts)
def test_every_component_only_ever_raises_the_score(known: Facts):
    more = {
        "works": known.works + 1,
        "topics": known.topics + 1,
        "close_collaborators": known.close_collaborators + 1,
        "followers": known.followers + 1,
        "identifiers": 1,
        "affiliated": True,
        "claimed": True,
        "level": min(4, known.level + 1),
    }
    assert 0 <= total(known) <= 100
    for name, value in more.items():
        assert total(replace(known, **{name: value})) >= total(known), name


@pytest.mark.parametrize("name", ["works", "topics", "close_collaborators", "followers"])
def test_each_count_can_bring_all_its_points(name: str):
    most = {"works": 20}.get(name, 10)
    assert total(Facts(**{name: 2**31 - 1})) == most


def test_the_best_profile_scores_100():
    best = Facts(10**6, 10**6, 10**6, 10**6, identifiers=1, affiliated=True, claimed=True, level=4)
    assert total(best) == 100


def test_steps_bring_what_they_promise():
    promised = {step.key: step.points for step in trust(PAGE).next_steps}
    assert promised["affiliation"] == 10
    assert promised["claim"] == total(replace(Facts.of(PAGE), claimed=True, level=2)) - 21
    assert list(promised.values()) == sorted(promised.values(), reverse=True)


def test_nothing_is_left_to_do_at_the_top():
    best = Researcher(
        id=1,
        slug="a",
        display_name="A",
        name_key="a",
        orcid="0000-0002-1825-0097",
        claim_status="CLAIMED",
        verification_level=4,
        institution_id=1,
    )
    assert trust(best).next_steps == []


def test_bands_meet_without_gaps():
    assert [least for least, _ in BANDS] == [90, 70, 40, 0]
