import pytest
from graphql import parse, validate
from playwright.async_api import expect
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from schema.root import build_schema
from server import pages
from server.pages import GRAPHIQL
from tests.server.conftest import PASSWORD, signed_up

expect.set_options(timeout=20_000)

SCHEMA = build_schema()._schema


@pytest.fixture(scope="module")
def assets():
    GRAPHIQL.build(required=True)


@pytest.fixture
async def page(visiting, live_server, assets):
    async with visiting(live_server) as (page, _):
        await page.goto("/graphql")
        yield page


WORKED = ("Profile", "Search", "CollaboratorsOfCollaborators", "ResearchGraph", "Follow")
# Asked by the page, as whoever this signs up, without the page's cookies.
FOLLOW = """async ([url, email, password]) => {
    const ask = async (query, variables, headers) => (await fetch(url, {
        method: 'POST', credentials: 'omit', headers: {'Content-Type': 'application/json', ...headers},
        body: JSON.stringify({query, variables}),
    })).json()
    const made = await ask(`mutation($email: String!, $password: String!) {
        signUp(input: {displayName: "Bob", email: $email, password: $password}) { token }
    }`, {email, password})
    const found = await ask('{ researcher(by: {slug: "kurt-keutzer"}) { id } }')
    return await ask(
        'mutation($id: ID!) { follow(input: {subjectId: $id}) { userErrors { code } } }',
        {id: found.data.researcher.id}, {Authorization: `Bearer ${made.data.signUp.token}`},
    )
}"""


# GraphiQL knows what a tab's operations are some time after it shows them.
KNOWN = """name => {
    const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem('graphiql:tabState') ?? '{"tabs": []}')
    return tabs[activeTabIndex]?.operationName === name
}"""


async def editors(page):
    """Wait for them to stand: before, a click on a tab is lost on them."""
    for editor in (".graphiql-query-editor", ".graphiql-editor-tool"):
        await expect(page.locator(f"{editor} .view-line").first).to_be_visible()


async def turn_to(page, name):
    await editors(page)
    await page.locator(".graphiql-tab").get_by_text(name, exact=True).click()
    await page.wait_for_function(KNOWN, arg=name)


async def run(page, operation=None):
    await page.get_by_label("Execute query (Ctrl-Enter)").click()
    if operation:
        await page.get_by_role("menuitem", name=operation, exact=True).click()


async def sign_up(page, email):
    await page.get_by_label("Show Sign in").click()
    await page.get_by_role("button", name="Make an account").click()
    await page.get_by_label("Name").fill("Ada Lovelace")
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign up").click()
    await expect(page.locator(".sign-in")).to_contain_text("You are Ada Lovelace")


async def test_worked_queries_are_ready_to_run(page):
    await expect(page).to_have_title("peergraph")
    await expect(page.locator(".graphiql-tab")).to_have_text(list(WORKED), use_inner_text=True)
    for name, found in zip(WORKED, ("trust", "highlights", "sharedWorkCount", "truncated"), strict=False):
        await turn_to(page, name)
        await run(page)
        await expect(page.get_by_label("Result Window")).to_contain_text(found)
        await expect(page.get_by_label("Result Window")).not_to_contain_text('"errors"')


async def test_a_reload_keeps_the_tabs_and_their_variables(page):
    await expect(page.locator(".graphiql-editor-tool")).to_contain_text("kurt-keutzer")
    await turn_to(page, "Profile")
    await turn_to(page, "Search")
    await expect(page.locator(".graphiql-editor-tool")).to_contain_text("Kurt Keutzer")
    await page.reload()
    await expect(page.locator(".graphiql-editor-tool")).to_contain_text("Kurt Keutzer")
    await expect(page.get_by_role("tab")).to_have_count(len(WORKED))


async def test_who_signs_in_follows_and_sees_it_happen(page, live_server):
    result = page.get_by_label("Result Window")
    await sign_up(page, "ada@graphiql.example")
    await turn_to(page, "Follow")
    await run(page, "Followers")
    await page.get_by_label("Stop query").wait_for()
    # Until it listens, what happens goes by.
    await page.wait_for_timeout(1_000)
    answer = await page.evaluate(FOLLOW, [f"{live_server}/graphql", "bob@graphiql.example", PASSWORD])
    assert answer["data"]["follow"]["userErrors"] == []
    await expect(result).to_contain_text("followerCount")
    await page.get_by_label("Stop query").click()
    await run(page, "Follow")
    await expect(result).to_contain_text('"viewerIsFollowing": true')
    await run(page, "Unfollow")
    await expect(result).to_contain_text('"viewerIsFollowing": false')


async def test_who_has_confirmed_their_address_claims(page, live):
    signed_up(live, "Ada Lovelace", "claims@graphiql.example")
    await page.get_by_label("Show Sign in").click()
    await page.get_by_label("E-mail").fill("claims@graphiql.example")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.locator(".sign-in")).to_contain_text("You are Ada Lovelace")
    await turn_to(page, "Follow")
    await run(page, "Claim")
    await expect(page.get_by_label("Result Window")).to_contain_text('"state": "UNDER_REVIEW"')
    await run(page, "Mine")
    await expect(page.get_by_label("Result Window")).to_contain_text('"action": "SUBMIT"')


async def test_a_wrong_password_is_said_and_signing_out_ends_it(page):
    await sign_up(page, "eve@graphiql.example")
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_label("E-mail").fill("eve@graphiql.example")
    await page.get_by_label("Password").fill("something else entirely")
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.locator(".sign-in").get_by_role("alert")).not_to_be_empty()
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.locator(".sign-in")).to_contain_text("You are Ada Lovelace")
    await page.reload()  # the browser's cookie is still there
    await expect(page.locator(".sign-in")).to_contain_text("You are Ada Lovelace")


async def test_the_explorer_builds_a_query_by_clicking(page):
    await page.get_by_label("Show GraphiQL Explorer").click()
    await editors(page)
    await page.get_by_label("New tab").click()
    await expect(page.get_by_role("tab")).to_have_count(len(WORKED) + 1)
    await expect(page.locator(".graphiql-query-editor")).not_to_contain_text("researcher")
    await page.locator(".graphiql-plugin").get_by_text("eventCursor", exact=True).click()
    await expect(page.locator(".graphiql-query-editor")).to_contain_text("eventCursor")


@pytest.mark.parametrize("file", sorted(GRAPHIQL.sources.glob("*.graphql")), ids=lambda file: file.stem)
def test_what_the_page_asks_fits_the_schema(file):
    assert validate(SCHEMA, parse(file.read_text("utf-8"))) == []


async def test_the_docs_show_a_type_and_the_editor_completes_its_fields(page):
    await page.get_by_label("Show Documentation Explorer").click()
    docs = page.locator(".graphiql-doc-explorer")
    await docs.get_by_text("Researcher", exact=True).first.click()
    await expect(docs.locator(".graphiql-doc-explorer-title")).to_have_text("Researcher")
    await expect(docs).to_contain_text("displayName")

    await page.locator(".graphiql-query-editor .view-line", has_text="headline").click()
    await page.keyboard.press("End")
    await page.keyboard.press("Enter")
    await page.keyboard.type("workC")
    await expect(page.locator(".suggest-widget")).to_contain_text("workCount")


@pytest.fixture
def dist(tmp_path, monkeypatch):
    monkeypatch.setattr(GRAPHIQL, "dist", tmp_path / "dist")
    return tmp_path / "dist"


@pytest.fixture
def client(dist):
    return TestClient(Starlette(routes=[Route("/graphql", lambda _: GRAPHIQL.response()), *GRAPHIQL.routes()]))


def test_without_assets_the_page_says_how_to_build_them(client):
    answer = client.get("/graphql")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "make setup" in answer.text
    assert "curl" in answer.text
    assert client.get("/graphiql/assets/index.js").status_code == 404


def test_assets_are_cached_for_good_and_the_page_is_not(client, dist):
    (dist / "assets").mkdir(parents=True)
    (dist / "assets/index-1a2b3c.js").write_text("1")
    (dist / "index.html").write_text("<title>peergraph</title>")
    assert client.get("/graphiql/assets/index-1a2b3c.js").headers["cache-control"].endswith("immutable")
    assert client.get("/graphql").headers["cache-control"] == "no-cache"
    assert "http" not in client.get("/graphql").headers["content-security-policy"]


def test_what_is_up_to_date_is_not_built_again(assets, monkeypatch):
    monkeypatch.setattr(GRAPHIQL, "_compile", lambda _: pytest.fail("built again"))
    assert GRAPHIQL.build(required=True)


def test_an_unreachable_registry_is_said_in_a_line(dist, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "empty"))
    assert not GRAPHIQL.build(required=False)
    said = capsys.readouterr().err
    assert said.startswith("GraphiQL was not built, because the npm registry did not deliver its packages")
    assert said.count("\n") == 1
    assert not dist.exists()
    with pytest.raises(pages.BuildError):
        GRAPHIQL.build(required=True)


def test_the_lock_file_names_no_registry():
    lock = (GRAPHIQL.sources / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert '"integrity"' in lock
