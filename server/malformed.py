from collections.abc import Iterable

Header = tuple[bytes, bytes]


class Malformed(Exception):  # noqa: N818  the request is at fault, not the server
    """A request that is none; it is refused before anything is run."""

    def __init__(
        self, message: str, status: int = 400, *, code: str = "BAD_USER_INPUT", headers: Iterable[Header] = ()
    ) -> None:
        super().__init__(message)
        self.message, self.status, self.code, self.headers = message, status, code, headers
