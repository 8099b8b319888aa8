from __future__ import annotations

from typing import Any

import strawberry

from resolvers import own_works, profiles, suppression
from resolvers.researchers import any_researcher_by_id
from schema.context import Info
from schema.enums import CollaborationStatus
from schema.link import link
from schema.links import AResearcher
from schema.mutation import Answer, Payload, mutation
from schema.node import read_id


@strawberry.input(
    description="What the owner of a claimed record says of themselves. What is left out stays; null takes it back."
)
class UpdateProfileInput:
    headline: str | None = strawberry.field(
        default=strawberry.UNSET, description="A line about themselves, 1 to 200 characters."
    )
    homepage_url: str | None = strawberry.field(default=strawberry.UNSET, description="Their own page.")
    institution_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Which of the record's institutions to show as where they work now."
    )
    withhold_affiliation: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether to show no affiliation at all."
    )
    collaboration_status: CollaborationStatus | None = strawberry.field(
        default=strawberry.UNSET, description="Whether they want to hear of collaborations; null is OPEN."
    )


@strawberry.type(description="The viewer's record as it is now.")
class UpdateProfilePayload(Payload):
    researcher: AResearcher | None = link(any_researcher_by_id, "The record.", key="researcher_id")


@strawberry.input(description="A work in the byline of the viewer's record.")
class DisownWorkInput:
    work_id: strawberry.ID = strawberry.field(description="The id of the work.")


@strawberry.input(description="Whose page is to be gone, or to come back.")
class SuppressProfileInput:
    researcher_id: strawberry.ID = strawberry.field(description="The id of the record.")
    note: str | None = strawberry.field(default=None, description="Why, for moderators to read.")


@strawberry.type(description="The record that was asked for.")
class SuppressProfilePayload(Payload):
    researcher_id: strawberry.ID | None = strawberry.field(description="Its id.")


@mutation(UpdateProfilePayload, "Change what the viewer's claimed record says of them. Imports leave it alone.")
async def update_profile(info: Info, input: UpdateProfileInput) -> Answer:
    given = {name: value for name, value in vars(input).items() if value is not strawberry.UNSET}
    values: dict[str, Any] = {name: given[name] for name in ("headline", "homepage_url") if name in given}
    if "institution_id" in given:
        id = given["institution_id"]
        path = ["input", "institutionId"]
        values["own_institution_id"] = None if id is None else read_id(id, path, "Institution")[1]
    if "withhold_affiliation" in given:
        values["affiliation_withheld"] = bool(given["withhold_affiliation"])
    if "collaboration_status" in given:
        status = given["collaboration_status"]
        values["collaboration_status"] = "OPEN" if status is None else status.value
    return Answer(researcher_id=await profiles.update_profile(info.context.writer, info.context.me, **values))


@mutation(UpdateProfilePayload, "Say that a work is not the viewer's. It stays so after imports. Twice is success.")
async def disown_work(info: Info, input: DisownWorkInput) -> Answer:
    _, work_id = read_id(input.work_id, ["input", "workId"], "Work")
    return Answer(researcher_id=await own_works.disown_work(info.context.writer, info.context.me, work_id))


@mutation(UpdateProfilePayload, "Take back that a work is not the viewer's.")
async def reclaim_work(info: Info, input: DisownWorkInput) -> Answer:
    _, work_id = read_id(input.work_id, ["input", "workId"], "Work")
    return Answer(researcher_id=await own_works.reclaim_work(info.context.writer, info.context.me, work_id))


@mutation(
    SuppressProfilePayload,
    "Let a page be gone: by its owner, or by a moderator at the person's wish. Bylines keep the name as printed.",
)
async def suppress_profile(info: Info, input: SuppressProfileInput) -> Answer:
    return await _suppress(info, input, suppressed=True)


@mutation(SuppressProfilePayload, "Let a page that is gone come back: by its owner, or by a moderator.")
async def restore_profile(info: Info, input: SuppressProfileInput) -> Answer:
    return await _suppress(info, input, suppressed=False)


async def _suppress(info: Info, input: SuppressProfileInput, *, suppressed: bool) -> Answer:
    _, id = read_id(input.researcher_id, ["input", "researcherId"], "Researcher")
    await suppression.suppress_profile(info.context.writer, info.context.me, id, input.note, suppressed=suppressed)
    return Answer(researcher_id=input.researcher_id)
