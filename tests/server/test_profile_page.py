"""The example profile page in a real browser: what it shows, does, and says when something is amiss."""

import asyncio
import gzip
import html
import json
import re

import pytest
from playwright.async_api import Page, expect

from server.pages import PROFILE_PAGE
from tests.server.conftest import NODE, PASSWORD, ROOT, asked, signed_up

expect.set_options(timeout=20_000)

SHARED = ROOT.parent / "shared/data"
PROFILE = json.loads((SHARED / "seed-profile.json").read_text())
KURT = "/researchers/kurt-keutzer"
MOST_JAVASCRIPT = 250_000  # bytes, gzipped, before the graph is opened


@pytest.fixture(scope="module", autouse=True)
def built():
    PROFILE_PAGE.build(required=True)


@pytest.fixture
async def visit(visiting, live_server):
    async with visiting(live_server) as (page, faults):
        yield page, faults


@pytest.fixture
async def page(visit):
    return visit[0]


async def sign_in(page: Page, address):
    await page.get_by_role("button", name="Sign in").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("E-mail").fill(address)
    await dialog.get_by_label("Password").fill(PASSWORD)
    await dialog.get_by_role("button", name="Sign in").click()
    await expect(dialog).to_have_count(0)


async def show_all(page):
    """Every work, by the keyboard."""
    while await page.locator(".works > li").count() < PROFILE["listed_works"]:
        await page.get_by_role("button", name="Show more works").press("Enter")
        await page.wait_for_timeout(200)


async def figures(page):
    names = await page.locator(".figures dt").all_inner_texts()
    return dict(zip(names, await page.locator(".figures dd").all_inner_texts(), strict=True))


async def test_it_shows_the_seeds_figures_by_one_query(page):
    queries = []
    page.on("request", lambda request: queries.append(request.post_data) if request.method == "POST" else None)
    await page.goto(KURT)
    await expect(page.locator(".works > li").first).to_be_visible()
    assert len(queries) == 1
    header = PROFILE["header"]
    await expect(page).to_have_title(f"{header['display_name']} · peergraph")
    await expect(page.get_by_role("heading", level=1)).to_have_text(header["display_name"])
    head = page.locator(".head")
    told = (
        "headline", "kind", "affiliation", "claim_state", "trust_label", "verification_level",
    )  # fmt: skip
    for name in told:
        await expect(head).to_contain_text(header[name])
    await expect(head).to_contain_text("Open to collaborate")
    await expect(head.locator(".score strong")).to_have_text(f"{header['trust_score']}")
    assert (await figures(page)).items() >= {
        "Works": f"{header['works']}",
        "Followers": f"{header['followers']}",
        "Topics": f"{header['topics']}",
        "Close collaborators": f"{header['close_collaborators']}",
    }.items()
    await expect(page.get_by_role("button", name="Log in to claim")).to_be_visible()
    await expect(head).to_contain_text("Direct collaboration needs a claimed record.")


async def test_it_pages_through_all_works_in_their_order(page):
    await page.goto(KURT)
    works = page.locator(".works > li h3")
    await expect(works.first).to_be_visible()
    while await works.count() < PROFILE["listed_works"]:
        before = await works.count()
        await works.last.scroll_into_view_if_needed()
        await page.mouse.wheel(0, 4_000)
        await expect(works.nth(before)).to_be_attached()
    assert await works.all_inner_texts() == [html.unescape(work["title"]) for work in PROFILE["works"]]


async def test_trust_unfolds_into_what_it_is_made_of(page):
    await page.goto(KURT)
    trust = page.locator(".trust")
    await trust.get_by_text("How it comes about").click()
    points = [int(re.findall(r": (\d+) of", text)[0]) for text in await trust.locator("dt").all_inner_texts()]
    assert sum(points) == PROFILE["header"]["trust_score"]
    await expect(trust.get_by_role("heading", name="What would raise it")).to_be_visible()


async def test_works_are_filtered_and_none_is_said(page):
    await page.goto(KURT)
    works, counted = page.locator(".works > li"), page.locator("#works small")
    await page.locator("select").and_(page.get_by_label("Year")).select_option("2026")
    await expect(counted).to_have_text(f"{PROFILE['by_year']['2026']} works")
    await expect(works).to_have_count(PROFILE["by_year"]["2026"])
    await page.get_by_label("Title contains").fill("speculative")
    await expect(works).to_have_count(1)
    await page.get_by_label("Title contains").fill("nothing has this title")
    await expect(page.get_by_text("No works match this.")).to_be_visible()
    await page.get_by_label("Title contains").fill("")
    await page.locator("select").and_(page.get_by_label("Year")).select_option("")
    await page.get_by_label("Order").select_option("OLDEST")
    await expect(works.first.locator("h3")).to_have_text(PROFILE["works"][-1]["title"])


async def test_latex_is_set_before_the_budget_is_spent(page):
    loaded = []
    page.on("response", lambda answer: loaded.append(answer) if answer.url.endswith(".js") else None)
    await page.goto(KURT)
    for title in ("Speculative Interaction Agents", "SEED: Targeted Data Selection"):
        work = page.locator(".works > li").filter(has=page.get_by_role("heading", name=re.compile(title)))
        await work.get_by_text("Abstract", exact=True).click()
        await expect(work.locator("details p")).not_to_be_empty()
        await expect(work.locator("details")).not_to_contain_text(re.compile(r"\$|\\text"))
    await expect(page.locator(".katex").first).to_be_visible()
    bodies = [await answer.body() for answer in loaded]
    assert 0 < sum(len(gzip.compress(body)) for body in bodies) <= MOST_JAVASCRIPT


async def test_who_signs_up_follows_and_unfollows(page):
    await page.goto(KURT)
    await page.get_by_role("button", name="Follow Kurt Keutzer").click()  # asks to sign in first
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Make an account").click()
    await dialog.get_by_label("Name").fill("Ada Lovelace")
    await dialog.get_by_label("E-mail").fill("ada@page.example")
    await dialog.get_by_label("Password").fill("short")
    await dialog.get_by_role("button", name="Sign up").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("characters")
    await dialog.get_by_label("Password").fill(PASSWORD)
    await dialog.get_by_role("button", name="Sign up").click()
    await expect(page.get_by_role("button", name="Ada Lovelace")).to_be_visible()
    followers = page.locator(".figures > div", has_text="Followers").locator("dd")
    await page.get_by_role("button", name="Follow Kurt Keutzer").click()
    await expect(followers).to_have_text("1")
    await expect(page.locator(".trust .score strong")).to_have_text(f"{PROFILE['header']['trust_score'] + 1}")
    await page.reload()  # the browser's cookie is still there
    await page.get_by_role("button", name="Unfollow Kurt Keutzer").click()
    await expect(followers).to_have_text("0")
    await expect(page.get_by_role("button", name="Follow Kurt Keutzer")).to_have_text("Follow")
    await page.get_by_role("button", name="Ada Lovelace").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await sign_in(page, "ada@page.example")
    await expect(page.get_by_role("button", name="Ada Lovelace")).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_who_signs_in_far_down_misses_no_work(page, live):
    signed_up(live, "Far Down", "far@page.example")
    await page.goto(KURT)
    await show_all(page)
    await sign_in(page, "far@page.example")
    await expect(page.get_by_role("button", name="Far Down")).to_be_visible()
    await show_all(page)
    assert await page.locator(".works > li h3").all_inner_texts() == [
        html.unescape(work["title"]) for work in PROFILE["works"]
    ]


async def test_others_followers_are_counted_as_they_come(page, live):
    await page.goto("/researchers/zhen-dong")
    followers = page.locator(".figures > div", has_text="Followers").locator("dd")
    await expect(followers).to_have_text("0")
    token = signed_up(live, "Bob", "bob@page.example")
    found = asked(live.url, '{ researcher(by: {slug: "zhen-dong"}) { id } }')
    follow = "mutation($id: ID!) { follow(input: {subjectId: $id}) { userErrors { message } } }"
    asked(live.url, follow, token, id=found["researcher"]["id"])
    await expect(followers).to_have_text("1")


CLAIMS = "{ claimQueue(filter: {states: [UNDER_REVIEW]}) { nodes { id researcher { slug } } } }"
DECIDE = """mutation($id: ID!) {
    decideClaim(input: {claimId: $id, decision: APPROVE, note: "It is hers."}) { userErrors { message } }
}"""


async def test_a_claim_by_evidence_is_approved_and_others_invite(visit, visiting, live):
    page, _ = visit
    signed_up(live, "Sheng Shen", "shen@page.example")
    moderator = signed_up(live, "Grace", "grace@page.example")
    live.run("moderator", "add", "grace@page.example")
    await page.goto("/researchers/sheng-shen")
    await sign_in(page, "shen@page.example")
    await page.get_by_role("button", name="Claim this record").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("A page that proves it").fill("https://people.example/shen")
    await dialog.get_by_label("What it shows").fill("My publications and my name.")
    await dialog.get_by_role("button", name="Claim").click()
    await expect(page.locator(".actions")).to_contain_text("Your claim: Under review.")
    (claim,) = (asked(live.url, CLAIMS, moderator))["claimQueue"]["nodes"]
    assert claim["researcher"] == {"slug": "sheng-shen"}
    assert (asked(live.url, DECIDE, moderator, id=claim["id"]))["decideClaim"] == {"userErrors": []}
    await expect(page.get_by_role("status").filter(has_text="Your claim of Sheng Shen: Approved")).to_be_visible()
    await expect(page.locator(".actions")).to_contain_text("This is your record.")
    await expect(page.locator(".badges")).to_contain_text("Claimed")
    signed_up(live, "Ida", "ida@page.example")
    async with visiting(live.url) as (other, _):
        await other.goto("/researchers/sheng-shen")
        await sign_in(other, "ida@page.example")
        await other.get_by_role("button", name="Invite to collaborate").click()
        await other.get_by_label("Subject").fill("Quantization")
        await other.get_by_label("Message").fill("Shall we write about it together?")
        await other.get_by_role("button", name="Invite", exact=True).click()
        await expect(other.locator(".actions")).to_contain_text("You have invited them to collaborate.")
    await expect(page.get_by_role("status").filter(has_text="Invitation “Quantization”")).to_be_visible()


SHARED_WORKS = '{ researcher(by: {slug: "kurt-keutzer"}) { collaborators(first: 1) { nodes { sharedWorkCount researcher { slug } } } } }'


async def test_one_walks_in_the_graph(page, live_server):
    (together,) = (asked(live_server, SHARED_WORKS))["researcher"]["collaborators"]["nodes"]
    assert together["researcher"]["slug"] == "amir-gholami"
    await page.goto(KURT)
    await page.get_by_role("button", name="Open the graph").click()
    graph = page.get_by_role("group", name="Research graph")
    await expect(graph.get_by_role("button", name="Researcher: Kurt Keutzer")).to_have_attribute("aria-pressed", "true")
    edge = graph.get_by_role(
        "button",
        name=re.compile("^Co authored: .*Kurt Keutzer.*Amir Gholami|^Co authored: .*Amir Gholami.*Kurt Keutzer"),
    )
    await edge.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".behind")).to_contain_text(f"{together['sharedWorkCount']} works")
    await graph.get_by_role("button", name="Researcher: Amir Gholami").click()
    amir = graph.get_by_role("button", name="Researcher: Amir Gholami")
    await expect(amir).to_have_attribute("aria-pressed", "true")
    topic = graph.get_by_role("button", name=re.compile("^Topic: ")).first
    await topic.focus()
    await page.keyboard.press(" ")
    await expect(page.get_by_role("button", name="Back to where you began")).to_be_visible()
    await expect(amir).to_have_attribute("aria-pressed", "false")


async def test_search_suggests_and_finds(page):
    await page.goto("/")
    await expect(page.get_by_role("link", name="Kurt Keutzer")).to_be_visible()
    box = page.get_by_role("combobox", name="Search")
    await box.fill("keut")
    await expect(page.get_by_role("option").first).to_contain_text("Kurt Keutzer")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(f"{KURT}$"))
    await expect(page.locator("#main")).to_be_focused()
    await box.fill("hessian aware quantization")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/search"))
    await expect(page).to_have_title("hessian aware quantization · peergraph")
    await expect(page.locator(".works > li").first).to_contain_text("HAWQ")
    await box.fill("zzzzzzzzqqq")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Nothing was found")).to_be_visible()
    for nobody in ("nobody-at-all", "%E0"):
        await page.goto(f"/researchers/{nobody}")
        await expect(page.get_by_text("There is no researcher here.")).to_be_visible()


async def test_a_part_that_does_not_come_is_said(visit):
    page, faults = visit
    await page.route(re.compile(r"/app/assets/graph-.*\.js$"), lambda route: route.abort())
    await page.goto(KURT)
    await page.get_by_role("button", name="Open the graph").click()
    await expect(page.get_by_role("alert").filter(has_text="could not be shown")).to_be_visible()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Kurt Keutzer")  # the rest stays
    assert faults
    faults.clear()


@pytest.mark.parametrize("context", [{}, {"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 844}}])
async def test_axe_finds_nothing_serious(visiting, live_server, node, context):
    axe = (NODE / "node_modules/axe-core/axe.min.js").read_text()

    async def serious(page):
        await page.evaluate(axe)
        found = await page.evaluate("axe.run().then(({violations}) => violations)")
        return [
            (one["id"], one["nodes"][0]["html"], one["nodes"][0]["failureSummary"])
            for one in found
            if one["impact"] in ("serious", "critical")
        ]

    async with visiting(live_server, reduced_motion="reduce", **context) as (page, _):
        await page.goto(KURT)
        await page.get_by_text("How it comes about").click()
        await page.locator(".works details summary").first.click()
        await page.get_by_role("button", name="Open the graph").click()
        await page.locator(".graph .edge").first.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator(".behind h3")).to_be_visible()
        assert await serious(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")  # nothing runs out of it
        await page.get_by_role("combobox", name="Search").fill("quant")
        await expect(page.get_by_role("option").first).to_be_visible()
        assert await serious(page) == []
        await page.goto("/search?q=quantization")
        await expect(page.locator(".works > li").first).to_be_visible()
        assert await serious(page) == []
        await page.goto("/")
        await page.get_by_role("button", name="Sign in").click()
        assert await serious(page) == []


# Each that can have the focus and is seen; those of one name in one place are told apart by their order.
REACHABLE = """() => [...document.querySelectorAll(
    'a[href], button, input, select, textarea, summary, [tabindex="0"]'
)].filter((one) => one.checkVisibility() && !one.disabled && one.tabIndex >= 0)
  .map((one, place) => (one.dataset.place = `${place}`))"""
FOCUSED = "() => document.activeElement?.dataset.place ?? null"


async def test_the_keyboard_alone_reaches_everything(page):
    await page.goto(KURT)
    await expect(page.locator(".works > li").first).to_be_visible()
    await page.get_by_role("button", name="Open the graph").press("Enter")
    await expect(page.locator(".graph .node").first).to_be_visible()
    # All works, so that none comes while it walks.
    await show_all(page)
    await page.evaluate("document.activeElement.blur()")
    wanted = set(await page.evaluate(REACHABLE))
    reached = set()
    for _ in range(len(wanted) + 5):
        await page.keyboard.press("Tab")
        reached.add(await page.evaluate(FOCUSED))
    assert wanted <= reached
    opener = page.get_by_role("button", name="Log in to claim")
    await opener.press("Enter")
    await expect(page.get_by_role("dialog").get_by_label("E-mail")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(opener).to_be_focused()


async def test_a_slow_network_shows_what_is_awaited_and_a_broken_one_what_failed(visit):
    page, faults = visit
    gates = {"script": None, "/graphql": None}

    async def wait(route):
        kind = "/graphql" if route.request.url.endswith("/graphql") else "script"
        if gates[kind] is None:
            gates[kind] = route
        else:
            await route.fallback()

    async def held(kind):
        while gates[kind] is None:  # noqa: ASYNC110  the browser asks when it does
            await asyncio.sleep(0.01)
        return gates[kind]

    await page.route(re.compile(r"/graphql$|/app/assets/index.*\.js$"), wait)
    await page.goto(KURT, wait_until="commit")
    await expect(page.get_by_role("status")).to_have_text("Loading …")
    await (await held("script")).fallback()
    await expect(page.get_by_role("status")).to_have_text("Loading the profile …")
    await expect(page.get_by_role("combobox", name="Search")).to_be_visible()  # what needs no data is there meanwhile
    await (await held("/graphql")).abort()
    await expect(page.get_by_role("alert")).to_contain_text("The service cannot be reached.")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator(".works > li").first).to_be_visible()
    gates["/graphql"] = None
    await page.get_by_label("Order").select_option("TITLE")
    await expect(page.get_by_role("status").filter(has_text="Loading works")).to_be_visible()
    await expect(page.locator(".works > li").first).to_be_visible()
    await (await held("/graphql")).fulfill(
        status=503, json={"errors": [{"message": "Too many requests at once; try again in a moment."}]}
    )
    await expect(page.get_by_role("alert").filter(has_text="Too many requests")).to_be_visible()
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("alert").filter(has_text="Too many requests")).to_have_count(0)
    assert len(faults) == 2  # those two, which the browser tells by itself
    faults.clear()
