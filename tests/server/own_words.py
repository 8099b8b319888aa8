"""What schemathesis looks for in every answer; it loads this by SCHEMATHESIS_HOOKS."""

import re

import schemathesis

# Errors are answers: what must not come is a fault, or anything in Python's own words.
PYTHON = re.compile(
    r"Traceback|object at 0x|NoneType|<class |\bself\.|File \"/|asyncpg|sqlite3|sqlalchemy", re.IGNORECASE
)


@schemathesis.check
def in_its_own_words(_context, response, _case):
    assert response.status_code < 500, response.text
    body = response.json()
    codes = {error["extensions"]["code"] for error in body.get("errors", ())}
    assert "INTERNAL" not in codes, body
    assert not PYTHON.search(response.text), response.text
