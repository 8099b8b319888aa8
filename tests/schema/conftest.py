from datetime import UTC, datetime
from typing import Any

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import text

from models import (
    Affiliation,
    Authorship,
    AuthorshipInstitution,
    Collaboration,
    ExternalId,
    ImportRun,
    Institution,
    Keyword,
    MergedId,
    Reference,
    Researcher,
    ResearcherTopic,
    Source,
    Topic,
    Work,
    WorkKeyword,
    WorkTopic,
    YearActivity,
)
from models.columns import fold
from resolvers import passwords


@pytest.fixture
def sign_up(ask: Any, client: Any, engine: Any, monkeypatch: Any) -> Any:
    """Sign up under this name, with a confirmed address, and be signed in from then on; answers the account's id."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHash((Argon2Hasher(1, 8, 1),)))

    async def make(name: str, *, verified: bool = True) -> str:
        client.cookies.clear()
        given = {"displayName": name, "email": f"{name.lower()}@example.org", "password": "a long password"}
        query = "mutation($input: SignUpInput!) { signUp(input: $input) { account { id } userErrors { message } } }"
        found = (await ask(query, input=given))["signUp"]
        assert found["userErrors"] == []
        if verified:
            with engine.begin() as connection:
                connection.execute(
                    text("UPDATE account SET email_verified_at = created_at WHERE display_name = :name"), {"name": name}
                )
        return str(found["account"]["id"])

    return make


@pytest.fixture
def world(save: Any) -> Any:
    """A small world of so many researchers, each with so many works and as many collaborators as there are others."""

    def make(researchers: int = 2, works: int = 3) -> None:
        save(ImportRun(id=1, source="openalex", root="world", status="COMPLETED"))
        save(
            *[
                Institution(
                    id=i, slug=f"i-{i}", display_name=f"Institute {i}", name_key=f"institute {i}", import_run_id=1
                )
                for i in (1, 2)
            ],
            Source(id=1, display_name="Journal", kind="journal", import_run_id=1),
            Topic(id=10**9 + 1, slug="d", level="DOMAIN", display_name="Domain", name_key="domain", import_run_id=1),
            *[
                Topic(id=i, slug=f"t-{i}", level="TOPIC", parent_id=10**9 + 1, display_name=f"T{i}", name_key=f"t{i}")
                for i in (1, 2, 3)
            ],
            Keyword(id="k", display_name="K"),
        )
        people = range(1, researchers + 1)
        save(
            *[
                Researcher(
                    id=i,
                    slug=f"r-{i}",
                    display_name=f"Researcher {i}",
                    name_key=fold(f"Researcher {i}"),
                    institution_id=1,
                    work_count=works,
                    topic_count=3,
                    collaborator_count=researchers - 1,
                    version=1_600_000_000_000_000,
                    import_run_id=1,
                    derived_at=datetime(2026, 1, 1, tzinfo=UTC),
                )
                for i in people
            ],
            MergedId(kind="researcher", old_id=999, into_id=1),
        )
        for i in people:
            ids = range(i * 1000, i * 1000 + works)
            save(
                *[
                    Work(
                        id=w,
                        title=f"Work {w}",
                        title_key=f"work {w}",
                        kind="ARTICLE",
                        publication_year=2020,
                        newest_key=-2020,
                        source_id=1,
                        doi=f"10.1/{w}",
                        author_count=2,
                        abstract="$3\\times$",
                        abstract_plain="3×",
                        import_run_id=1,
                    )
                    for w in ids
                ]
            )
            for w in ids:
                save(
                    Authorship(work_id=w, position=0, researcher_id=i, raw_name="R."),
                    Authorship(work_id=w, position=1, researcher_id=None, raw_name="Unknown"),
                    AuthorshipInstitution(work_id=w, position=0, institution_id=1, rank=1),
                    AuthorshipInstitution(work_id=w, position=0, institution_id=2, rank=0),
                    *[WorkTopic(work_id=w, topic_id=t, score=t / 10) for t in (1, 2, 3)],
                    WorkKeyword(work_id=w, keyword_id="k", score=0.5),
                    Reference(citing_id=w, cited_id=1000),
                    ExternalId(kind="work", entity_id=w, scheme="mag", value=str(w)),
                )
            save(
                Affiliation(researcher_id=i, institution_id=1, first_year=2001, last_year=2003),
                *[
                    ResearcherTopic(researcher_id=i, topic_id=t, work_count=t, best_score=0.5, share=0.5)
                    for t in (1, 2, 3)
                ],
                *[YearActivity(researcher_id=i, year=2020, works=works, citations=0)],
                *[
                    Collaboration(
                        researcher_id=i, collaborator_id=o, shared_work_count=1, strength=1 / o, is_close=True
                    )
                    for o in people
                    if o != i
                ],
            )

    return make
