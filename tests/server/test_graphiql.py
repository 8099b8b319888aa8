import os
import shutil
import subprocess

import pytest
from playwright.async_api import async_playwright, expect
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from server import graphiql

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
# Else Chromium itself asks its maker's hosts for updates.
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]

expect.set_options(timeout=20_000)


@pytest.fixture(scope="module")
def assets():
    graphiql.build(required=True)


@pytest.fixture(scope="module")
def chromium():
    if not shutil.which("chromium") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update"], check=False)
        subprocess.run(["apt-get", "install", "-y", "chromium"], check=False)
    return shutil.which("chromium") or pytest.fail("The browser tests need Chromium: apt-get install -y chromium")


@pytest.fixture
async def page(live_server, assets, chromium):
    """A fresh browser at /graphql; in the end, nothing may have been asked of another host, nor gone wrong."""
    foreign, errors = [], []

    async def stay(route):
        if route.request.url.startswith(f"{live_server}/"):
            await route.continue_()
        else:
            foreign.append(route.request.url)
            await route.abort()

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        context = await browser.new_context()
        await context.route("**/*", stay)
        page = await context.new_page()
        # What the Content-Security-Policy stops never becomes a request, only an error on the console.
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(f"{live_server}/graphql")
        yield page
        await browser.close()
    assert (foreign, errors) == ([], [])


async def test_the_profile_query_is_ready_to_run(page):
    await expect(page).to_have_title("peergraph")
    await expect(page.locator(".graphiql-query-editor")).to_contain_text("Ctrl-Enter")
    await page.locator(".graphiql-query-editor .view-line").first.click()
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_label("Result Window")).to_contain_text("Kurt Keutzer")
    await expect(page.get_by_label("Result Window")).not_to_contain_text('"errors"')


async def test_a_reload_keeps_the_one_tab_and_its_variables(page):
    await expect(page.locator(".graphiql-editor-tool")).to_contain_text("kurt-keutzer")
    await page.reload()
    await expect(page.locator(".graphiql-editor-tool")).to_contain_text("kurt-keutzer")
    await expect(page.get_by_role("tab")).to_have_count(1)


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
    monkeypatch.setattr(graphiql, "DIST", tmp_path / "dist")
    return tmp_path / "dist"


@pytest.fixture
def client(dist):
    return TestClient(Starlette(routes=[Route("/graphql", lambda _: graphiql.page()), *graphiql.routes()]))


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
    monkeypatch.setattr(graphiql, "_compile", lambda _: pytest.fail("built again"))
    assert graphiql.build(required=True)


def test_an_unreachable_registry_is_said_in_a_line(dist, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "empty"))
    assert not graphiql.build(required=False)
    said = capsys.readouterr().err
    assert said.startswith("GraphiQL was not built, because the npm registry did not deliver its packages")
    assert said.count("\n") == 1
    assert not dist.exists()
    with pytest.raises(graphiql.BuildError):
        graphiql.build(required=True)


def test_the_lock_file_names_no_registry():
    lock = (graphiql.SOURCES / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert '"integrity"' in lock
