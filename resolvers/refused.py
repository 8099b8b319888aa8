class Refused(Exception):  # noqa: N818  a refusal is an answer, not a fault
    """What the caller asked cannot be done as asked; the message is theirs to read.

    The code is one of the contract's (BAD_USER_INPUT, BAD_CURSOR …); the path names the argument at fault,
    outermost first.
    """

    def __init__(self, code: str, message: str, *path: str) -> None:
        super().__init__(message)
        self.code, self.message, self.path = code, message, path


class Unavailable(Exception):  # noqa: N818
    """The database does not answer now; the same request may succeed later."""
