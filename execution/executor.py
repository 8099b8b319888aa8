from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Awaitable
from typing import Any, ClassVar, NamedTuple, cast
from weakref import ref

import strawberry
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLObjectType,
    GraphQLResolveInfo,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
)
from graphql.execution.collect_fields import collect_fields, collect_subfields
from graphql.execution.values import get_argument_values
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from execution.compiler import Unsupported, compile_object
from execution.plan import ObjectPlan, Step

OPERATIONS = 512  # whose plans are kept
PLANS = 16  # kept of one operation, by the values in its @skip and @include


class _Known(NamedTuple):
    operation: ref[OperationDefinitionNode]
    condition_variables: tuple[str, ...]
    plans: OrderedDict[tuple[Any, ...], ObjectPlan | None]


class PlanExecutor(StrawberryGraphQLCoreExecutionContext):
    """Runs queries over compiled plans, and whatever plans do not know as graphql-core does."""

    runs: ClassVar[Counter[str]] = Counter()  # planned, abandoned, unplanned
    _known: ClassVar[OrderedDict[Any, _Known]] = OrderedDict()

    def execute_operation(self, serially: bool | None = None) -> Any:  # noqa: FBT001  graphql-core's signature
        plan = self._plan() if self._plannable() else None
        if plan is None:
            self.runs["unplanned"] += 1
            return super().execute_operation(serially)
        try:
            found = plan.answer(self, [self.root_value])
        except Exception:  # noqa: BLE001  whatever it was, graphql-core's executor meets it again and says so
            return self._abandoned(serially)
        return self._answered(found) if isinstance(found, list) else self._later(found, serially)

    async def _later(self, found: Any, serially: bool | None) -> Any:  # noqa: FBT001
        try:
            return self._answered(await found)
        except Exception:  # noqa: BLE001  as above
            result = self._abandoned(serially)
            return await result if isinstance(result, Awaitable) else result

    def _answered(self, found: Any) -> ExecutionResult:
        self.runs["planned"] += 1
        return ExecutionResult(found[0], None)

    def _abandoned(self, serially: bool | None) -> Any:  # noqa: FBT001
        self.runs["abandoned"] += 1
        return super().execute_operation(serially)

    def _plannable(self) -> bool:
        return (
            self.operation.operation is OperationType.QUERY
            and self.abort_signal is None
            and not (self.middleware_manager and self.middleware_manager.middlewares)
        )

    def _plan(self) -> ObjectPlan | None:
        """The plan for this operation and the values in its @skip and @include; None if there can be none."""
        # The operation's address tells it apart for as long as it lives, and its plans live no longer.
        every, key = self._known, (id(self.schema), id(self.operation))
        known = every.get(key)
        if known is None:
            there = ref(self.operation, lambda _gone: every.pop(key, None))
            known = every[key] = _Known(there, self._condition_variables(), OrderedDict())
            if len(every) > OPERATIONS:
                every.popitem(last=False)
        every.move_to_end(key)
        conditions = tuple(self.variable_values.coerced.get(name) for name in known.condition_variables)
        if conditions not in known.plans:
            known.plans[conditions] = self._compiled()
            if len(known.plans) > PLANS:
                known.plans.popitem(last=False)
        return known.plans[conditions]

    def _compiled(self) -> ObjectPlan | None:
        root = self.schema.query_type
        try:
            if root is None:
                return None
            collected = collect_fields(self.schema, self.fragments, self.variable_values, root, self.operation)
            if collected.new_defer_usages:
                return None
            return compile_object(self, root, collected.grouped_field_set)
        except (Unsupported, GraphQLError, RecursionError):
            return None

    def _condition_variables(self) -> tuple[str, ...]:
        """The variables in @skip and @include."""
        found: set[str] = set()
        for definition in (self.operation, *self.fragment_definitions.values()):
            _find_condition_variables(definition, found)
        return tuple(sorted(found))

    @property
    def strawberry(self) -> strawberry.Schema:
        return cast("strawberry.Schema", self.schema.extensions["strawberry-definition"])

    def info(self, step: Step) -> GraphQLResolveInfo[Any]:
        nodes = [one.node for one in step.details]
        path = Path(None, step.key, step.parent_type.name)
        return self.build_resolve_info(step.definition, nodes, step.parent_type, path)

    def arguments(self, step: Step) -> dict[str, Any]:
        if step.known_arguments is not None:
            return step.known_arguments
        return get_argument_values(step.definition, step.details[0].node, self.variable_values)

    def plan(self, step: Step, type_name: str) -> ObjectPlan:
        if type_name not in step.plans:
            named: Any = self.schema.type_map[type_name]
            step.plans[type_name] = self._compiled_under(step, named)
        return step.plans[type_name]

    def _compiled_under(self, step: Step, named: GraphQLObjectType) -> ObjectPlan:
        collected = collect_subfields(
            self.schema, self.fragments, self.variable_values, self.operation, named, step.details
        )
        if collected.new_defer_usages:
            raise Unsupported("@defer")
        return compile_object(self, named, collected.grouped_field_set)


def _find_condition_variables(node: Any, found: set[str]) -> None:
    for selection in node.selection_set.selections if node.selection_set else ():
        for directive in selection.directives or ():
            for argument in directive.arguments or ():
                if isinstance(argument.value, VariableNode):
                    found.add(argument.value.name.value)
        if hasattr(selection, "selection_set"):
            _find_condition_variables(selection, found)
