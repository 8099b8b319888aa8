from pathlib import Path

from graphql import build_schema as parse_schema
from graphql import is_enum_type, is_input_object_type, is_interface_type, is_object_type

from schema.root import build_schema

PRINTED = Path(__file__).parents[2] / "schema" / "schema.graphql"


def test_the_printed_schema_is_up_to_date():
    assert PRINTED.read_text("utf-8") == build_schema().as_str() + "\n", "run `make sdl`"


def test_everything_is_described():
    bare = []
    for name, kind in parse_schema(PRINTED.read_text("utf-8")).type_map.items():
        if name.startswith("__") or not (
            is_object_type(kind) or is_interface_type(kind) or is_enum_type(kind) or is_input_object_type(kind)
        ):
            continue
        parts = {name: kind} | {
            f"{name}.{part}": at for part, at in (kind.values if is_enum_type(kind) else kind.fields).items()
        }
        parts |= {
            f"{field}({argument})": at
            for field, part in parts.items()
            for argument, at in getattr(part, "args", {}).items()
        }
        bare += [path for path, part in parts.items() if not part.description]
    assert bare == []
