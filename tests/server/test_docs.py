"""What the documentation shows runs, and answers what it says, on the data of `make run`.

A block of GraphQL may have its variables behind it, as JSON, and then what the answer has: what a list or an object in
it does not name may be anything. A name in capitals that ends in _ID stands for an id.
"""

import json
import re
from itertools import pairwise

import httpx2
import pytest
from graphql import FragmentDefinitionNode, NoUnusedFragmentsRule, OperationType, parse, specified_rules, validate

from schema.root import build_schema
from tests.server.conftest import ROOT, asked, living, signed_up

SCHEMA = build_schema()._schema
FILES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), ROOT / "examples/profile-page/README.md"])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
IN_CODE = re.compile(r"(?:(?:gql|graphql)(?:`|\(\s*`)(.*?)`)|(?:query: '(.*?)')", re.DOTALL)
SENT = re.compile(r"--json '({.*?})'$", re.MULTILINE)


def blocks(file):
    return BLOCK.findall(file.read_text("utf-8"))


def runs(file):
    """Each block of GraphQL with its variables and the answer that is shown, if they are."""
    found, end, text = [], None, file.read_text("utf-8")
    for block in BLOCK.finditer(text):
        kind, inside = block.groups()
        follows = end is not None and not text[end : block.start()].strip()
        end = None
        if kind == "graphql":
            found.append([inside, {}, None])
            end = block.end()
        elif kind == "json" and follows:
            given = json.loads(inside)
            found[-1][2 if given.keys() & {"data", "errors"} else 1] = given
            end = block.end()
        elif kind == "sh":
            for sent in SENT.findall(inside):
                body = json.loads(sent)
                found.append([body["query"], body.get("variables", {}), None])
    return found


def has(found, shown):
    if isinstance(shown, dict):
        return isinstance(found, dict) and all(name in found and has(found[name], shown[name]) for name in shown)
    if isinstance(shown, list):
        return isinstance(found, list) and len(found) == len(shown) and all(map(has, found, shown))
    return found == shown


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Of whoever the documentation takes its reader for, who has signed up."""
    with (
        living(tmp_path_factory.mktemp("docs"), ROOT / "importers/demo") as live,
        httpx2.Client(base_url=live.url) as client,
    ):
        client.headers["Authorization"] = f"Bearer {signed_up(live, 'Ada Lovelace', 'ada@docs.example')}"
        yield client


@pytest.fixture(scope="module")
def ids(client):
    found = asked(str(client.base_url).rstrip("/"), '{ researcher(by: {slug: "kurt-keutzer"}) { id } }')
    return {"RESEARCHER_ID": found["researcher"]["id"]}


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.relative_to(ROOT)}")
def test_what_is_shown_runs_and_answers_so(file, client, ids):
    for text, given, shown in runs(file):
        variables = {name: ids.get(value, value) if isinstance(value, str) else value for name, value in given.items()}
        sent = {"query": text, "variables": variables}
        (operation,) = parse(text).definitions
        if operation.operation is OperationType.SUBSCRIPTION:
            with client.stream("POST", "/graphql/stream", json=sent, headers={"accept": "text/event-stream"}) as answer:
                assert answer.headers["content-type"].startswith("text/event-stream"), answer.read()
            continue
        answer = client.post("/graphql", json=sent).json()
        if shown is None:
            assert "errors" not in answer, text
        else:
            assert has(answer, shown), (text, answer)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.relative_to(ROOT)}")
def test_what_is_in_code_fits_the_schema(file):
    rules = [rule for rule in specified_rules if rule is not NoUnusedFragmentsRule]
    for kind, text in blocks(file):
        for tagged, quoted in IN_CODE.findall(text) if kind in {"ts", "tsx"} else ():
            document = parse(tagged or quoted)
            relays = any(isinstance(one, FragmentDefinitionNode) for one in document.definitions)
            faults = [one.message for one in validate(SCHEMA, document, rules)]
            # Relay's compiler has directives of its own, and takes their variables out.
            assert [one for one in faults if not (relays and ("Unknown directive" in one or "Variable" in one))] == []


def anchors(file):
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_found_and_every_link_leads_somewhere():
    listed = set()
    for file in FILES:
        for link, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", file.read_text("utf-8")):
            if "://" not in link:
                target = (file.parent / link).resolve() if link else file
                assert target.exists(), f"{file.name}: {link}"
                assert not anchor or anchor in anchors(target), f"{file.name}: {link}#{anchor}"
                listed.add(target)
    assert {file for file in FILES if file.parent.name == "docs"} <= listed


def test_blocks_are_told_apart():
    assert all(kind for file in FILES if file.parent.name == "docs" for kind, _ in blocks(file))
    assert sum(len(runs(file)) for file in FILES) >= 15
    assert has({"a": [1, {"b": 2, "c": 3}]}, {"a": [1, {"b": 2}]})
    assert not any(has(*pair) for pair in pairwise([{"a": 1}, {"a": 2}, [1], [1, 2], None]))
