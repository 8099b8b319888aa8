"""The executor that plans: a subclass of graphql-core's, which stays what runs everything else."""

from __future__ import annotations

from asyncio import _get_running_loop
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from math import isfinite
from time import perf_counter
from typing import Any, ClassVar, cast
from weakref import ref

import strawberry
from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution.collect_fields import FragmentDetails, GroupedFieldSet, collect_fields, collect_subfields
from graphql.execution.get_variable_signature import GraphQLVariableSignature
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from execution.arguments import INT32, PLAIN
from execution.compiler import Unsupported, compile_object
from execution.lazily import lazily
from execution.plan import Kind, ObjectPlan, Step

OPERATIONS = 512  # whose plans are kept
PLANS = 16  # kept of one operation, by the values in its @skip and @include
NESTED = 50  # fields of a mutation that wait inside one another
ONLY_IN_ERRORS = {"hide_suggestions"}  # what changes nothing where the variables are as they should be
AT_A_STRETCH = 0.002  # seconds that a run holds up the event loop before it lets others run


@dataclass(slots=True)
class _Known:
    """An operation that has run before, for as long as its document lives."""

    document: ref[DocumentNode]  # which takes this away when it dies
    operation: OperationDefinitionNode
    fragment_definitions: dict[str, FragmentDefinitionNode]
    fragments: dict[str, FragmentDetails]
    variables: list[tuple[GraphQLVariableSignature, type | None]]  # and of which class a value may stay as it is
    condition_variables: tuple[str, ...]
    plans: OrderedDict[tuple[Any, ...], ObjectPlan | None] = field(default_factory=OrderedDict)

    def coerced(self, given: dict[str, Any]) -> VariableValues | None:
        """The variables, where all are scalars and just as they should be."""
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for signature, kind in self.variables:
            value = given.get(signature.name)
            if kind is None or value.__class__ is not kind or not _in_range(value):
                return None
            sources[signature.name] = VariableValueSource(signature, value)
            coerced[signature.name] = value
        return VariableValues(sources, coerced)

    def conditions(self, variables: VariableValues) -> tuple[Any, ...]:
        """The values in @skip and @include."""
        return tuple(map(variables.coerced.get, self.condition_variables))


class PlanExecutor(StrawberryGraphQLCoreExecutionContext):
    """Runs queries over compiled plans, and whatever plans do not know as graphql-core does."""

    # How often operations ran planned, were planned again for other values in @skip and @include, had their plan
    # abandoned for graphql-core's executor, and were unplanned.
    runs: ClassVar[Counter[str]] = Counter()
    operations: ClassVar[OrderedDict[Any, _Known]] = OrderedDict()
    known: _Known | None = None  # its operation
    outcome = "planned"  # of this run, as the runs are counted

    @classmethod
    def build(  # noqa: PLR0917  graphql-core's signature
        cls,
        schema: GraphQLSchema,
        document: DocumentNode,
        root_value: Any = None,
        context_value: Any = None,
        raw_variable_values: dict[str, Any] | None = None,
        operation_name: str | None = None,
        field_resolver: Any = None,
        type_resolver: Any = None,
        subscribe_field_resolver: Any = None,
        max_coercion_errors: int = 50,
        *others: Any,
        **named: Any,
    ) -> Any:
        """As graphql-core's, which goes through the document anew each time; or at once the run of a known plan."""
        # An address tells the document apart for as long as it lives, and what is kept of it lives no longer.
        every, key = cls.operations, (cls, id(schema), id(document), operation_name)
        known = every.get(key)
        more = any(others) or any(value for name, value in named.items() if name not in ONLY_IN_ERRORS)
        usual = not (more or field_resolver or type_resolver or subscribe_field_resolver)
        variables = known.coerced(raw_variable_values or {}) if known and usual else None
        if known is None or variables is None:
            built: Any = super().build(
                schema,
                document,
                root_value,
                context_value,
                raw_variable_values,
                operation_name,
                field_resolver,
                type_resolver,
                subscribe_field_resolver,
                max_coercion_errors,
                *others,
                **named,
            )
            if not isinstance(built, list):
                there = ref(document, lambda _gone: every.pop(key, None))
                built.known = every[key] = known or built.first_known(there)
                if len(every) > OPERATIONS:
                    every.popitem(last=False)
            return built
        every.move_to_end(key)

        def executor() -> PlanExecutor:
            made = cls(
                schema,
                known.fragment_definitions,
                known.fragments,
                root_value,
                context_value,
                known.operation,
                variables,
                default_field_resolver,
                default_type_resolver,
                default_field_resolver,
            )
            made.known = known
            return made

        plan = known.plans.get(known.conditions(variables))
        return PlannedRun(plan, root_value, context_value, variables, executor) if plan else executor()

    def first_known(self, document: ref[DocumentNode]) -> _Known:
        """What is kept of this run's operation."""
        return _Known(
            document,
            self.operation,
            self.fragment_definitions,
            self.fragments,
            [(source.signature, _plain(source.signature.type)) for source in self.variable_values.sources.values()],
            self._condition_variables(),
        )

    def execute_operation(self, serially: bool | None = None) -> Any:  # noqa: FBT001  graphql-core's signature
        plan = self._plan() if self._plannable() else None
        if plan is None:
            self._count("unplanned")
            return super().execute_operation(serially)
        return PlannedRun(
            plan, self.root_value, self.context_value, self.variable_values, lambda: self
        ).execute_operation()

    def execute_fields_serially(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: Any,
    ) -> Any:
        """As graphql-core's, which awaits each field inside the next: of many it goes deeper than Python can."""
        serially = super().execute_fields_serially
        if len(grouped_field_set) <= NESTED:
            return serially(parent_type, source_value, path, grouped_field_set, position_context)

        async def by_parts() -> dict[str, Any]:
            results: dict[str, Any] = {}
            fields = [*grouped_field_set.items()]
            for start in range(0, len(fields), NESTED):
                part: Any = serially(
                    parent_type, source_value, path, dict(fields[start : start + NESTED]), position_context
                )
                results |= await part if self.is_awaitable(part) else part
            return results

        return by_parts()

    def execute_unplanned(self, error: Exception) -> Any:
        """As graphql-core does, after the plan was abandoned for this."""
        self._count("abandoned")
        if isinstance(error, Unsupported):  # it would be met every time
            known = cast("_Known", self.known)
            known.plans[known.conditions(self.variable_values)] = None
        return super().execute_operation()

    def _count(self, outcome: str) -> None:
        self.runs[outcome] += 1
        self.outcome = outcome

    def _plannable(self) -> bool:
        return (
            self.known is not None
            and self.operation.operation is OperationType.QUERY
            and self.abort_signal is None
            and not (self.middleware_manager and self.middleware_manager.middlewares)
        )

    def _plan(self) -> ObjectPlan | None:
        """The plan for this operation and the values in its @skip and @include; None if there can be none."""
        known = cast("_Known", self.known)
        conditions = known.conditions(self.variable_values)
        if conditions not in known.plans:
            if known.plans:
                self._count("replanned")
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
            return compile_object(self, root, collected.grouped_field_set, None)
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

    def plan(self, step: Step, type_name: str, kind: Kind) -> ObjectPlan:
        key = (type_name, kind)
        if key not in step.plans:
            named: Any = self.schema.type_map[type_name]
            step.plans[key] = compile_object(self, named, self.fields_under(step, named), kind)
        return step.plans[key]

    def fields_under(self, step: Step, named: GraphQLObjectType) -> GroupedFieldSet:
        """What is selected of this type under the step's field. Raises Unsupported."""
        collected = collect_subfields(
            self.schema, self.fragments, self.variable_values, self.operation, named, step.details
        )
        if collected.new_defer_usages:
            raise Unsupported("@defer")
        return collected.grouped_field_set


class PlannedRun:
    """One run of a plan. Of graphql-core's executor it makes one only where something asks for it."""

    __slots__ = ("_executor", "_make_executor", "_plan", "_root_value", "_since", "context_value", "variable_values")

    def __init__(
        self,
        plan: ObjectPlan,
        root_value: Any,
        context_value: Any,
        variable_values: VariableValues,
        make_executor: Callable[[], PlanExecutor],
    ) -> None:
        self._plan, self._root_value, self._make_executor = plan, root_value, make_executor
        self.context_value, self.variable_values = context_value, variable_values
        self._executor: PlanExecutor | None = None
        self._since = perf_counter()  # when others ran last

    @property
    def outcome(self) -> str:
        return self._executor.outcome if self._executor else PlanExecutor.outcome

    @property
    def executor(self) -> PlanExecutor:
        if self._executor is None:
            self._executor = self._make_executor()
        return self._executor

    def execute_operation(self) -> Any:
        """The result, or an awaitable of it."""
        try:
            found = self._plan.answer(self, [self._root_value], None)
        except Exception as error:  # noqa: BLE001  whatever it was, graphql-core's executor meets it again and says so
            return self.executor.execute_unplanned(error)
        return self._answered(found) if isinstance(found, list) else self._later(found)

    @lazily
    async def _later(self, found: Any) -> Any:
        try:
            return self._answered(await found)
        except Exception as error:  # noqa: BLE001  as above
            result = self.executor.execute_unplanned(error)
            return await result if isinstance(result, Awaitable) else result

    def _answered(self, found: Any) -> ExecutionResult:
        PlanExecutor.runs["planned"] += 1
        if self._executor:
            # Methods of its own: the circle would keep all that was read until a collection.
            del self._executor.async_helpers
        return ExecutionResult(found[0], None)

    def info(self, step: Step) -> GraphQLResolveInfo[Any]:
        return self.executor.info(step)

    def plan(self, step: Step, type_name: str, kind: Kind) -> ObjectPlan:
        return step.plans.get((type_name, kind)) or self.executor.plan(step, type_name, kind)

    def overdue(self) -> bool:
        # Where there is no event loop there are no others. It is asked last: that is a system call.
        return perf_counter() - self._since > AT_A_STRETCH and _get_running_loop() is not None

    def resumed(self) -> None:
        self._since = perf_counter()


def _in_range(value: Any) -> bool:
    if value.__class__ is int:
        return -INT32 <= value < INT32
    return value.__class__ is not float or isfinite(value)


def _plain(declared: Any) -> type | None:
    """The Python class whose values of this type need no coercion, if there is one."""
    named = declared.of_type if isinstance(declared, GraphQLNonNull) else declared
    return PLAIN.get(named.name) if isinstance(named, GraphQLScalarType) else None


def _find_condition_variables(node: Any, found: set[str]) -> None:
    for selection in node.selection_set.selections if node.selection_set else ():
        for directive in selection.directives or ():
            for argument in directive.arguments or ():
                if isinstance(argument.value, VariableNode):
                    found.add(argument.value.name.value)
        if hasattr(selection, "selection_set"):
            _find_condition_variables(selection, found)
