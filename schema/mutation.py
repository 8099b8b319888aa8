"""How a mutation is declared: who may ask, and what becomes of its rule's answer or refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum, auto
from functools import wraps
from inspect import Parameter, signature
from sys import modules
from types import SimpleNamespace
from typing import Annotated, Any

import strawberry

from resolvers.refused import Declined, Refused
from resolvers.steps import NEXT_STEPS
from resolvers.viewers import Viewer
from schema.context import Context
from schema.enums import UserErrorCode


class Who(Enum):
    """Who may ask for it."""

    ANYONE = auto()
    WRITER = auto()  # whoever is signed in, by a session or by an API token that may write
    SESSION = auto()  # an API token is not enough
    MODERATOR = auto()


@strawberry.type(description="Something to do next.")
class NextStep:
    key: str = strawberry.field(description="Names the step; the same for ever.")
    label: str = strawberry.field(description="What to do, in a sentence.")


def next_steps(keys: Iterable[str]) -> list[NextStep]:
    """The steps of these keys."""
    return [NextStep(key=key, label=NEXT_STEPS[key]) for key in keys]


@strawberry.interface(description="Why a mutation was refused, as a client must expect.")
class UserError:
    code: UserErrorCode = strawberry.field(description="The reason, for programs.")
    message: str = strawberry.field(description="The reason, for people.")
    path: list[str] = strawberry.field(description="The input field at fault, outermost first; empty where none is.")


@strawberry.type(description="A refusal that says what to do next.")
class Refusal(UserError):  # noqa: N818  data, and never raised
    next_steps: list[NextStep] = strawberry.field(description="What would help, likeliest first.")


class Answer(SimpleNamespace):
    """What a payload's fields are read from; what is not given is null."""

    user_errors: list[Refusal]

    def __getattr__(self, name: str) -> None:
        return None


@strawberry.type
class Payload:
    user_errors: list[UserError] = strawberry.field(
        description="Why it was refused; empty when it was done, and only then is anything else here."
    )


def permitted(context: Context, who: Who) -> Viewer:
    """The viewer, if they may ask for it. Raises Refused (UNAUTHENTICATED, FORBIDDEN)."""
    viewer = context.viewer
    if viewer is None:
        raise Refused("UNAUTHENTICATED", "Sign in first.")
    if "WRITE" not in viewer.scopes:
        raise Refused("FORBIDDEN", "This API token may not write.")
    if who is Who.SESSION and not viewer.session:
        raise Refused("FORBIDDEN", "This takes a session: an API token is not enough.")
    if who is Who.MODERATOR and not viewer.moderator:
        raise Refused("FORBIDDEN", "This takes a moderator.")
    return viewer


def mutation(payload: type, description: str, who: Who = Who.WRITER) -> Callable[[Callable[..., Any]], Any]:
    """A mutation by a coroutine of (info, input) that answers an Answer, or raises Declined."""

    def decorate(verb: Callable[..., Any]) -> Any:
        @wraps(verb)
        async def resolve(**given: Any) -> Any:
            context: Context = given["info"].context
            if who is not Who.ANYONE:
                permitted(context, who)
            try:
                answer = await verb(**given)
            except Declined as declined:
                answer = Answer(user_errors=[_refusal(declined)])
            else:
                answer.user_errors = []
            context.store.forget()
            return answer

        asked = signature(verb)
        parameters = [
            each.replace(annotation=_described(verb, each)) if each.name == "input" else each
            for each in asked.parameters.values()
        ]
        resolve.__signature__ = asked.replace(parameters=parameters, return_annotation=payload)  # type: ignore[attr-defined]
        return strawberry.mutation(resolver=resolve, description=description)

    return decorate


def _described(verb: Callable[..., Any], parameter: Parameter) -> Any:
    # As a clause of the module that writes it, it may be a text.
    kind = vars(modules[verb.__module__])[parameter.annotation]
    return Annotated[kind, strawberry.argument(description="What is asked for.")]


def _refusal(declined: Declined) -> Refusal:
    path = ["input", *declined.path] if declined.path else []
    return Refusal(
        code=UserErrorCode(declined.code), message=declined.message, path=path, next_steps=next_steps(declined.steps)
    )
