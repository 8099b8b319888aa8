"""Pictures of the pages for the README: `make screenshots`, with the service that `make run` has started.

python -m tests.server.screenshots [--url URL]
"""

import argparse
import asyncio
import shutil
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, async_playwright

from tests.server.conftest import FLAGS, ROOT

PROFILE = "/researchers/kurt-keutzer"
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 760}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 760}, "device_scale_factor": 2}
DARK: dict[str, Any] = DESKTOP | {"color_scheme": "dark"}


async def profile(browser: Browser, url: str, file: Path, context: dict[str, Any], *, graph: bool = False) -> None:
    page = await browser.new_page(base_url=url, reduced_motion="reduce", **context)
    await page.goto(PROFILE)
    await page.locator(".works > li").first.wait_for()
    if graph:
        await page.get_by_role("button", name="Open the graph").click()
        await page.locator(".graph .node").first.wait_for()
        await page.locator("#graph").evaluate("one => scrollTo(0, one.getBoundingClientRect().top - 80)")
    await page.screenshot(path=file)
    await page.close()


async def graphiql(browser: Browser, url: str, file: Path) -> None:
    page = await browser.new_page(base_url=url, **DESKTOP)
    await page.goto("/graphql")
    await page.locator(".graphiql-query-editor .view-line").first.wait_for()
    await page.get_by_label("Execute query (Ctrl-Enter)").click()
    await page.get_by_label("Result Window").get_by_text("trust").first.wait_for()
    await page.screenshot(path=file)
    await page.close()


async def taken(url: str) -> None:
    folder = ROOT / ".github"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        await profile(browser, url, folder / "profile.png", DESKTOP)
        await profile(browser, url, folder / "phone.png", PHONE)
        await profile(browser, url, folder / "dark.png", DARK, graph=True)
        await graphiql(browser, url, folder / "graphiql.png")
        await browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    asyncio.run(taken(parser.parse_args().url))


if __name__ == "__main__":
    main()
