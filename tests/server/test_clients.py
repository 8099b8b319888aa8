"""The clients that frontends use, against the running service: our schema is what they take it for."""

import json
import shutil
import subprocess

import pytest

from tests.server.conftest import NODE, ROOT, asked, signed_up

SDL = ROOT / "schema/schema.graphql"
PROFILE = json.loads((ROOT.parent / "shared/data/seed-profile.json").read_text())
TITLES = '{ researcher(by: {slug: "kurt-keutzer"}) { works(first: 100) { nodes { title } } } }'


def ran(*command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def answered(*command, folder):
    return json.loads(ran(*command, folder=folder).splitlines()[-1])


@pytest.fixture
def titles(live_server):
    found = [work["title"] for work in asked(live_server, TITLES)["researcher"]["works"]["nodes"]]
    assert len(found) == PROFILE["listed_works"]
    return found


@pytest.fixture
def token(live, request):
    """Of an account of its own, so that each test is the first to follow with it."""
    return signed_up(live, "Ada", f"{request.node.name}@clients.example")


@pytest.fixture
def relay(node, tmp_path):
    """Relay's sources with what its compiler makes of them."""
    folder = shutil.copytree(NODE / "relay", tmp_path / "relay")
    shutil.copy(SDL, folder)
    (folder / "node_modules").symlink_to(NODE / "node_modules")
    return folder


def compiled(node, relay):
    cli = relay / "node_modules/relay-compiler/cli.js"
    return subprocess.run(
        [node, cli, "relay.config.json"], cwd=relay, capture_output=True, text=True, check=False, timeout=120
    )


def test_relay_refetches_a_fragment_and_pages_through_a_connection(node, relay, live_server, token, titles):
    made = compiled(node, relay)
    assert made.returncode == 0, made.stdout + made.stderr
    found = answered(node, "run.mjs", f"{live_server}/graphql", token, folder=relay)
    assert found == {
        "asked": ["profileQuery", "profileHeadRefetchQuery"]
        + ["profileWorksPaginationQuery"] * 2
        + ["profileFollowMutation"],
        "name": "Kurt Keutzer",
        "topics": [3, 7],
        "titles": titles,
        "shown": len(titles),
        "followed": [False, True],
    }


def test_relays_compiler_refuses_what_does_not_fit(node, relay):
    source = relay / "src/profile.js"
    source.write_text(source.read_text().replace("followerCount", "followersCount"))
    made = compiled(node, relay)
    assert made.returncode != 0
    assert "followersCount" in made.stdout + made.stderr


def test_apollo_keeps_by_id_and_merges_pages(node, live_server, token, titles):
    found = answered(node, "apollo.mjs", f"{live_server}/graphql", token, folder=NODE)
    before, after = found["followers"]
    assert after == before + 1
    assert (found["pages"], found["titles"], found["isFollowing"]) == (3, titles, True)


def test_graphcache_knows_our_schema_and_asks_for_nothing_twice(node, live_server, token, titles):
    found = answered(node, "graphcache.mjs", f"{live_server}/graphql", token, folder=NODE)
    before, after = found["followers"]
    assert after == before + 1
    assert (found["titles"], found["isFollowing"], found["unkept"], found["warnings"]) == (titles, True, 0, [])


@pytest.fixture(scope="session")
def ariadne():
    """ariadne-codegen's Python, in an environment of its own."""
    folder = ROOT / "tests/server/ariadne/.venv"
    done = subprocess.run(["make", "--silent", f"{folder.relative_to(ROOT)}/stamp"], cwd=ROOT, check=False).returncode
    return (
        folder / "bin"
        if done == 0
        else pytest.fail("This needs ariadne-codegen: make tests/server/ariadne/.venv/stamp")
    )


def test_ariadne_makes_a_client_for_python(ariadne, live_server, token, titles, tmp_path):
    for file in ("queries.graphql", "run.py"):
        shutil.copy(ROOT / "tests/server/ariadne" / file, tmp_path)
    (tmp_path / "pyproject.toml").write_text(
        f'[tool.ariadne-codegen]\nschema_path = "{SDL}"\nqueries_path = "queries.graphql"\n'
        'target_package_name = "made"\n[tool.ariadne-codegen.scalars.DateTime]\ntype = "datetime.datetime"\n'
    )
    ran(ariadne / "ariadne-codegen", folder=tmp_path)
    found = answered(ariadne / "python", "run.py", f"{live_server}/graphql", token, folder=tmp_path)
    assert found.items() >= {"titles": titles, "band": "EMERGING", "refused": 0}.items()
    assert found["followers"] >= 1
