from __future__ import annotations

from datetime import datetime

import strawberry

from schema.field import column, renamed


@strawberry.type(description="Who an account is at a provider of sign-ins.")
class Identity:
    provider: str = column("What this service calls the provider, such as `orcid`.")
    issuer: str = column("What the provider calls itself: a URL.")
    subject: str = column("What the provider calls the person; at ORCID, their iD.")
    linked_at: datetime = renamed("created_at", "When it was linked to the account.")


@strawberry.type(description="A provider at which one can sign in.")
class SignInProvider:
    name: str = strawberry.field(description="What this service calls it; the same for ever.")
    label: str = strawberry.field(description="What to write on a button.")
    url: str = strawberry.field(
        description="Where a browser begins to sign in, or, signed in, to link an identity. With `?return_to=/path` it "
        "comes back to that path; after a refusal with `sign_in_error`, a code for programs."
    )
