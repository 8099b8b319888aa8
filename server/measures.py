"""What a document has how much of, counted without Python's stack: nothing here is as deep as a document may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

Definition = OperationDefinitionNode | FragmentDefinitionNode
Fragments = Mapping[str, FragmentDefinitionNode]


@dataclass
class Measures:
    operations: int
    fragments: int
    aliases: int = 0
    directives: int = 0
    depth: int = 0  # of fields, where fragments are spread
    fields: int = (
        0  # and spreads, where fragments are spread; one repeated n times in one place counts n(n + 1)/2 times
    )
    circle: str | None = None  # a fragment that spreads itself; then depth and fields are not known


def measured(document: DocumentNode, most_fields: int) -> Measures:
    """Counts fields no further than to one more than the most, and not at all where that is 0."""
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    measures = Measures(len(operations), len(fragments))
    nestings = {name: _nesting(fragment, measures) for name, fragment in fragments.items()}
    asked = [_nesting(operation, measures) for operation in operations]
    depths: dict[str, int] = {}
    for name in nestings:
        measures.circle = measures.circle or _find_depths(name, nestings, depths)
    if measures.circle is None:
        measures.depth = max((_depth(one, depths) for one in (*asked, *nestings.values())), default=0)
        measures.fields = _fields(operations, fragments, most_fields) if most_fields else 0
    return measures


class _Nesting(NamedTuple):
    """How deep fields are nested in a definition itself, and which fragments are spread how deep in it."""

    depth: int
    spreads: list[tuple[str, int]]


def _nesting(definition: Definition, measures: Measures) -> _Nesting:
    """Counts aliases and directives on the way."""
    measures.directives += sum(len(one.directives or ()) for one in definition.variable_definitions or ())
    deepest, spreads = 0, []
    waiting: list[tuple[Any, int]] = [(definition, 0)]
    while waiting:
        node, depth = waiting.pop()
        measures.directives += len(node.directives or ())
        if isinstance(node, FragmentSpreadNode):
            spreads.append((node.name.value, depth))
            continue
        if isinstance(node, FieldNode):
            depth += 1
            deepest = max(deepest, depth)
            measures.aliases += node.alias is not None
        waiting += [(one, depth) for one in (node.selection_set.selections if node.selection_set else ())]
    return _Nesting(deepest, spreads)


def _depth(nesting: _Nesting, depths: Mapping[str, int]) -> int:
    return max([nesting.depth, *[depth + depths.get(name, 0) for name, depth in nesting.spreads]])


def _find_depths(name: str, nestings: Mapping[str, _Nesting], depths: dict[str, int]) -> str | None:
    """Adds the depths of a fragment and of all that it spreads, each once; or answers which one spreads itself."""
    path: dict[str, Iterator[tuple[str, int]]] = {} if name in depths else {name: iter(nestings[name].spreads)}
    while path:
        current, left = next(reversed(path.items()))
        found = next((one for one, _ in left if one in nestings and one not in depths), None)
        if found is None:
            depths[current] = _depth(nestings[current], depths)
            del path[current]
        elif found in path:
            return found
        else:
            path[found] = iter(nestings[found].spreads)
    return None


def _fields(operations: Iterable[OperationDefinitionNode], fragments: Fragments, most: int) -> int:
    counted, reached = 0, set[str]()
    for definition in (*operations, *fragments.values()):
        if isinstance(definition, FragmentDefinitionNode) and definition.name.value in reached:
            continue
        places = [[definition.selection_set]]
        while places:
            times: Counter[str] = Counter()
            under: dict[str, list[SelectionSetNode]] = {}
            for selection in _in_one_place(places.pop(), fragments, reached):
                counted += 1
                if isinstance(selection, FieldNode):
                    name = (selection.alias or selection.name).value
                    counted += times[name]
                    times[name] += 1
                    if selection.selection_set:
                        under.setdefault(name, []).append(selection.selection_set)
                if counted > most:
                    return counted
            places += under.values()
    return counted


def _in_one_place(sets: Iterable[SelectionSetNode], fragments: Fragments, reached: set[str]) -> Iterator[SelectionNode]:
    """What is selected in one place, of fragments too, each of them once."""
    spread: set[str] = set()
    waiting = [*sets]
    while waiting:
        for selection in waiting.pop().selections:
            yield selection
            if isinstance(selection, InlineFragmentNode):
                waiting.append(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                if name in fragments and name not in spread:
                    spread.add(name)
                    waiting.append(fragments[name].selection_set)
    reached |= spread
