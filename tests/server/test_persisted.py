"""Documents by their ids: those that clients sent before, and those of a manifest."""

from hashlib import sha256

import orjson
import pytest

from server.asked import Asked
from server.persisted import OVERHEAD, NotFound, Persisted
from server.settings import Settings

QUERY = "{ works { totalCount } }"
DATA = {"data": {"works": {"totalCount": 0}}}
OTHER = "query Who($slug: String!) { researcher(by: {slug: $slug}) { displayName } }"


def id_of(text):
    return sha256(text.encode()).hexdigest()


def apollo(text):
    return {"persistedQuery": {"version": 1, "sha256Hash": id_of(text)}}


def in_url(text):
    return {"extensions": orjson.dumps(apollo(text)).decode()}


async def test_a_document_is_sent_once_and_named_from_then_on(client):
    for kind, status in (("application/json", 200), ("application/graphql-response+json", 400)):
        unknown = await client.get("/graphql", params=in_url(QUERY), headers={"accept": kind})
        assert unknown.status_code == status
        assert unknown.headers["cache-control"] == "private, no-store"
        (error,) = unknown.json()["errors"]
        assert error["message"] == "PersistedQueryNotFound"
        assert error["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    sent = await client.post("/graphql", json={"query": QUERY, "extensions": apollo(QUERY)})
    assert sent.json() == DATA
    for named in (
        await client.get("/graphql", params=in_url(QUERY)),
        await client.get("/graphql", params={"documentId": f"sha256:{id_of(QUERY)}"}),
        await client.post("/graphql", json={"extensions": apollo(QUERY)}),
        await client.post("/graphql", json={"documentId": id_of(QUERY), "variables": {}}),
        await client.post("/graphql", json={"documentId": f"sha256:{id_of(QUERY)}"}),
    ):
        assert named.json() == DATA


async def test_who_names_a_document_by_get_may_keep_the_answer(served, reader):
    reader.changes = reader.reader.changes  # with them answers are kept
    async with served() as client:
        await client.post("/graphql", json={"query": QUERY, "extensions": apollo(QUERY)})
        named = await client.get("/graphql", params=in_url(QUERY))
        assert named.headers["cache-control"].startswith("public")
        known = {"if-none-match": named.headers["etag"]}
        assert (await client.get("/graphql", params=in_url(QUERY), headers=known)).status_code == 304


async def test_a_mutation_is_no_query_for_having_a_name(client):
    write = "mutation { signOut { userErrors { code } } }"
    await client.post("/graphql", json={"query": write, "extensions": apollo(write)})
    assert (await client.get("/graphql", params=in_url(write))).status_code == 405
    assert (await client.post("/graphql", json={"extensions": apollo(write)})).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"query": QUERY, "extensions": apollo(OTHER)},
        {"query": QUERY, "documentId": "sha256:abc"},
        {"query": QUERY, "documentId": 5},
        {"documentId": ""},
        {"documentId": []},
        {"query": 5, "extensions": apollo(QUERY)},
        {"extensions": {"persistedQuery": None}},
        {"extensions": {"persistedQuery": {}}},
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": id_of(QUERY)}}},
        {"extensions": {"persistedQuery": {"version": 1}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": {}}}},
    ],
)
async def test_what_is_no_id_or_another_documents_is_told_so(client, wrong):
    response = await client.post("/graphql", json=wrong)
    assert (response.status_code, list(response.json())) == (400, ["errors"])
    unknown = await client.post("/graphql", json={"extensions": apollo(QUERY)})
    assert unknown.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"


async def test_an_invalid_document_is_not_remembered(client):
    await client.post("/graphql", json={"query": "{ nothing }", "extensions": apollo("{ nothing }")})
    unknown = await client.post("/graphql", json={"extensions": apollo("{ nothing }")})
    assert unknown.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"


def test_a_flood_of_documents_pushes_out_the_oldest():
    persisted = Persisted(10 * (OVERHEAD + 1000), {}, trusted_only=False)
    asked = [Asked(str(number) * 500, None, None, None, str(number)) for number in range(10, 99)]
    for one in [*asked, Asked("x" * 10**6, None, None, None, "large")]:
        persisted.keep(one)
    found = []
    for one in asked:
        try:
            found.append(persisted.text(one._replace(query=None)))
        except NotFound:
            continue
    assert found == [one.query for one in asked[-10:]]


@pytest.fixture(params=["by id", "by Apollo"])
def manifest(request, tmp_path):
    documents = {id_of(QUERY): QUERY, "who": OTHER}
    if request.param == "by Apollo":
        operations = [{"id": id, "body": text, "name": "A", "type": "query"} for id, text in documents.items()]
        documents = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}
    (tmp_path / "manifest.json").write_bytes(orjson.dumps(documents))
    return tmp_path / "manifest.json"


async def test_documents_of_a_manifest_are_known_from_the_start(served, manifest):
    async with served(trusted_documents=manifest) as client:
        assert (await client.get("/graphql", params=in_url(QUERY))).json() == DATA
        who = {"documentId": "who", "variables": {"slug": "x"}, "operationName": "Who"}
        assert (await client.post("/graphql", json=who)).json() == {"data": {"researcher": None}}
        assert (await client.post("/graphql", json={"query": "{ __typename }"})).status_code == 200


async def test_nothing_else_is_answered_if_so_set(served, manifest, statements):
    async with served(trusted_documents=manifest, trusted_only=True) as client:
        for other in ("{ __typename }", f"{QUERY} ", "{ nothing }", "{"):
            for asked in ({"query": other}, {"query": other, "extensions": apollo(other)},
                          {"query": other, "documentId": id_of(QUERY)}):  # fmt: skip
                response = await client.post("/graphql", json=asked)
                assert response.status_code == 403
                assert response.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        unknown = await client.get("/graphql", params=in_url("{ __typename }"))
        assert unknown.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
        assert statements == []
        assert (await client.get("/graphql", params=in_url(QUERY))).json() == DATA
        named_and_sent = await client.post("/graphql", json={"query": QUERY, "extensions": apollo(QUERY)})
        assert named_and_sent.json() == DATA


def test_trusted_documents_alone_are_some():
    with pytest.raises(ValueError, match="it goes with PEERGRAPH_TRUSTED_DOCUMENTS"):
        Settings(trusted_only=True)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "is no JSON"),
        ("[]", "is neither"),
        ('{"a": 5}', "is neither"),
        ('{"operations": [{"id": "a"}]}', "is neither"),
        ('{"a": "{ nothing }"}', "The document a in"),
        ('{"operations": [{"id": "b", "body": "{"}]}', "The document b in"),
    ],
)
def test_serve_ends_with_a_sentence_where_a_manifest_is_wrong(command, tmp_path, content, told):
    command("migrate")
    path = tmp_path / "manifest.json"
    path.write_text(content)
    ran = command("serve", PEERGRAPH_TRUSTED_DOCUMENTS=str(path))
    assert ran.returncode == 1
    assert told in ran.stderr
    assert ran.stderr.count("\n") == 1
    missing = command("serve", PEERGRAPH_TRUSTED_DOCUMENTS=f"{path}.none")
    assert (missing.returncode, "PEERGRAPH_TRUSTED_DOCUMENTS" in missing.stderr) == (2, True)
