from __future__ import annotations


class Refused(Exception):  # noqa: N818  a refusal is an answer, not a fault
    """What the caller asked cannot be done as asked; the message is theirs to read.

    The code is one of the contract's (BAD_USER_INPUT, BAD_CURSOR …); the path names the argument at fault,
    outermost first.
    """

    def __init__(self, code: str, message: str, *path: str) -> None:
        super().__init__(message)
        self.code, self.message, self.path = code, message, path


class Declined(Exception):  # noqa: N818  as above
    """A mutation's rule says no, as its callers must expect: data in the payload.

    The code is a UserErrorCode, the path names the input's field at fault, the steps are keys of NEXT_STEPS.
    """

    def __init__(self, code: str, message: str, *path: str, steps: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code, self.message, self.path, self.steps = code, message, path, steps


class Unavailable(Exception):  # noqa: N818
    """The database does not answer now; the same request may succeed later."""
