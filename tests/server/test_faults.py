"""What goes wrong inside stays inside, and what the schema is like where it is not to be known."""

import pytest
import strawberry
from graphql import graphql_sync

from schema.errors import HIDDEN, shown
from server.pages import PROFILE_PAGE
from server.running import Running


async def test_a_fault_outside_of_any_field_is_hidden_too(client, monkeypatch, caplog):
    async def fail(*_, **__):
        raise RuntimeError("the secret is 42")

    monkeypatch.setattr(Running, "run", fail)
    response = await client.post("/graphql", json={"query": "{ __typename }"})
    assert response.status_code == 500
    (error,) = response.json()["errors"]
    request_id = response.headers["x-request-id"]
    assert error == {"message": HIDDEN, "extensions": {"code": "INTERNAL", "requestId": request_id}}
    assert request_id in {record.told["request_id"] for record in caplog.records if record.exc_info}
    assert "the secret is 42" in caplog.text


def test_a_value_that_its_type_cannot_show_is_our_fault(caplog):
    @strawberry.type
    class Query:
        @strawberry.field
        def number(self, at_most: int = 0) -> int:
            return 2**40 + at_most

    schema = strawberry.Schema(Query)._schema
    (error,) = graphql_sync(schema, "{ number }").errors
    assert shown(error, "id")["message"] == HIDDEN
    assert shown(error, "id")["extensions"]["code"] == "INTERNAL"
    assert "1099511627776" in caplog.text
    (error,) = graphql_sync(schema, "query ($n: Int!) { number(atMost: $n) }", variable_values={"n": 2**40}).errors
    assert "1099511627776" in shown(error, "id")["message"]
    assert shown(error, "id")["extensions"]["code"] == "BAD_USER_INPUT"


async def asked(client, query, **variables):
    return (await client.post("/graphql", json={"query": query, "variables": variables})).json()


WRONG = "query ($o: WorkOrder!) { works(orderBy: $o) { totalCount } }"


async def test_the_schema_is_open_unless_it_is_closed(served):
    async with served() as client:
        assert (await asked(client, "{ __schema { queryType { name } } }"))["data"]
        for answer in (await asked(client, "{ workz { id } }"), await asked(client, WRONG, o="NEWES")):
            assert "Did you mean" in answer["errors"][0]["message"]
    async with served(introspection=False, suggestions=False) as client:
        for query in ("{ __schema { queryType { name } } }", '{ __type(name: "Work") { name } }'):
            answer = await asked(client, query)
            assert {error["extensions"]["code"] for error in answer["errors"]} == {"GRAPHQL_VALIDATION_FAILED"}
            assert "data" not in answer
        assert await asked(client, "{ __typename }") == {"data": {"__typename": "Query"}}
        for answer in (await asked(client, "{ workz { id } }"), await asked(client, WRONG, o="NEWES")):
            assert "Did you mean" not in answer["errors"][0]["message"]
            assert "WORKS" not in str(answer)


@pytest.mark.parametrize("path", ["/graphql", "/healthz", "/nothing", "/auth/nobody", "/graphiql/assets/x.js"])
async def test_browsers_are_told_to_do_no_more_with_it(served, path):
    async with served(public_url="https://peergraph.example") as client:
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["strict-transport-security"] == "max-age=31536000"
        assert "referrer-policy" in headers
    async with served() as client:
        assert "strict-transport-security" not in (await client.get(path)).headers
        page = await client.get("/graphql", headers={"accept": "text/html"})
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert page.headers["x-content-type-options"] == "nosniff"


async def test_so_are_they_of_the_profile_page(served, monkeypatch, tmp_path):
    monkeypatch.setattr(PROFILE_PAGE, "dist", tmp_path)
    async with served(public_url="https://peergraph.example") as client:
        for policy in ("default-src 'none'; frame-ancestors 'none'", PROFILE_PAGE.policy):
            headers = (await client.get("/")).headers
            assert headers["content-security-policy"] == policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["strict-transport-security"] == "max-age=31536000"
            assert "referrer-policy" in headers
            (tmp_path / "index.html").write_text("<title>a profile</title>")  # and once it is built
