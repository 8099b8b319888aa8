"""Documents are parsed and validated once, and never take more memory than was given to them."""

import gc
import tracemalloc

import pytest

from schema.root import build_schema
from server.documents import Documents

MOST = 2**20


@pytest.fixture(scope="module")
def schema():
    return build_schema()._schema


def test_a_document_is_read_once(schema):
    documents = Documents(schema, MOST)
    assert documents.get("{ __typename }") is documents.get("{ __typename }")
    assert documents.get("{ nothing }") is documents.get("{ nothing }")
    assert documents.get("{ nothing }").code == "GRAPHQL_VALIDATION_FAILED"
    assert documents.get("{").code == "GRAPHQL_PARSE_FAILED"


@pytest.mark.parametrize("body", ["works { nodes { id title } }", "nothing", "a: __typename " * 50, ""])
def test_a_flood_of_documents_stays_within_its_bytes(schema, body):
    documents = Documents(schema, MOST)
    documents.get(f"{{ {body} }}")  # so that what others keep of it is not counted
    tracemalloc.start()
    for number in range(200):
        documents.get(f"query Q{number} {{ {body} }}")
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < MOST


def test_what_is_larger_than_all_of_it_is_not_kept(schema):
    documents = Documents(schema, 0)
    assert documents.get("{ __typename }") is not documents.get("{ __typename }")
