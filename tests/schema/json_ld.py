"""schema.org's vocabulary as the judge of JSON-LD: its types, their properties, and what those may be."""

from datetime import date
from typing import Any

import schema_org


def accepted(document: dict[str, Any]) -> bool:
    """Raises AttributeError, ValidationError where the vocabulary knows no such type, property or value."""
    assert document["@context"] == "https://schema.org"
    return _model(document) is not None


def _model(value: Any) -> Any:
    """Objects as the vocabulary's models, from the inside out; dates as such, years by the day they begin with."""
    if isinstance(value, list):
        return [*map(_model, value)]
    if not isinstance(value, dict):
        return value
    facts = {name: _model(one) for name, one in value.items() if not name.startswith("@")}
    if published := facts.get("datePublished"):
        facts["datePublished"] = date.fromisoformat(published if "-" in published else f"{published}-01-01")
    return getattr(schema_org, value["@type"]).model_validate(facts)
