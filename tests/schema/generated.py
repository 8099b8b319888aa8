"""Operations by the schema, with all that clients write: variables, fragments, aliases, directives, and mistakes."""

from random import Random
from typing import Any

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NamedTypeNode,
    NameNode,
    NullValueNode,
    ObjectFieldNode,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    parse_type,
    print_ast,
    value_from_ast_untyped,
    visit,
)

from execution.arguments import has_variable
from schema.node import global_id

SIZES = {"first", "last"}
SELDOM = {"last", "after", "before", "filter"}  # else hardly a page would be one
BOOLEAN = NamedTypeNode(name=NameNode(value="Boolean"))
IDS = [
    *[("Researcher", one) for one in (1, 2, 3, 999)],
    ("Work", 1000),
    ("Topic", 1),
    ("Institution", 1),
    ("Source", 1),
    ("Account", 1),
    ("Account", 2),
    ("Claim", 1),
    ("Claim", 2),
    ("Notification", 1),
]


class Written(Visitor):
    """Rewrites what was generated so that it finds something, and as people write it."""

    def __init__(self, chance: Random, types: TypeInfo) -> None:
        super().__init__()
        self.chance, self.types = chance, types
        self.variables: dict[str, Any] = {}
        self.declared: list[VariableDefinitionNode] = []
        self.fragments: list[FragmentDefinitionNode] = []

    def enter_field(self, node: FieldNode, *_: Any) -> FieldNode | None:
        if self.chance.random() > 0.15:
            return None
        name = self.chance.choice(["skip", "include"])
        condition: ValueNode = BooleanValueNode(value=self.chance.random() < 0.5)
        if self.chance.random() < 0.5:
            condition = self._variable(BOOLEAN, self.chance.random() < 0.5, required=True)
        given = ArgumentNode(name=NameNode(value="if"), value=condition)
        directive = DirectiveNode(name=NameNode(value=name), arguments=(given,))
        return FieldNode(
            alias=node.alias,
            name=node.name,
            arguments=node.arguments,
            directives=(directive,),
            selection_set=node.selection_set,
        )

    def leave_argument(self, node: ArgumentNode, *_: Any) -> ArgumentNode | None:
        value = self._usual(node.name.value, node.value)
        if node.name.value in SELDOM and self.chance.random() < 0.8:
            value = NullValueNode()
        kind = self.types.get_input_type()
        if kind is not None and self.chance.random() < 0.3 and not has_variable(value):
            declared: Any = parse_type(str(kind).removesuffix("!"))
            value = self._variable(declared, value_from_ast_untyped(value), required=str(kind).endswith("!"))
        return ArgumentNode(name=node.name, value=value)

    def leave_object_field(self, node: ObjectFieldNode, *_: Any) -> ObjectFieldNode:
        return ObjectFieldNode(name=node.name, value=self._usual(node.name.value, node.value))

    def leave_selection_set(self, node: SelectionSetNode, *_: Any) -> SelectionSetNode | None:
        parent = self.types.get_parent_type()
        if parent is None or self.chance.random() > 0.2:
            return None
        cut = self.chance.randrange(len(node.selections) + 1)
        inside, outside = node.selections[cut:], node.selections[:cut]
        if not inside:
            return None
        on, under = NamedTypeNode(name=NameNode(value=parent.name)), SelectionSetNode(selections=inside)
        if self.chance.random() < 0.5:
            return SelectionSetNode(selections=(*outside, InlineFragmentNode(type_condition=on, selection_set=under)))
        name = NameNode(value=f"F{len(self.fragments)}")
        self.fragments.append(FragmentDefinitionNode(name=name, type_condition=on, selection_set=under))
        return SelectionSetNode(selections=(*outside, FragmentSpreadNode(name=name)))

    def leave_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> OperationDefinitionNode:
        return OperationDefinitionNode(
            operation=node.operation,
            name=node.name,
            variable_definitions=tuple(self.declared),
            selection_set=node.selection_set,
        )

    def leave_document(self, node: DocumentNode, *_: Any) -> DocumentNode:
        return DocumentNode(definitions=(*node.definitions, *self.fragments))

    def _variable(self, kind: Any, value: Any, *, required: bool) -> VariableNode:
        name = f"v{len(self.declared)}"
        declared = parse_type(f"{print_ast(kind)}!") if required else kind
        self.declared.append(
            VariableDefinitionNode(variable=VariableNode(name=NameNode(value=name)), type=declared, directives=())
        )
        self.variables[name] = value
        return VariableNode(name=NameNode(value=name))

    def _usual(self, name: str, value: ValueNode) -> ValueNode:
        """Sizes, names and ids that exist, but for some."""
        if self.chance.random() < 0.1:
            return value
        if isinstance(value, IntValueNode) and name in SIZES:
            return IntValueNode(value=str(self.chance.randrange(1, 5)))
        if isinstance(value, StringValueNode):
            some_id = global_id(*self.chance.choice(IDS))
            known = {"slug": "r-1", "id": some_id, "ids": some_id, "identifier": "r-2"}
            return StringValueNode(value=known.get(name, value.value))
        if isinstance(value, ListValueNode):
            return ListValueNode(values=tuple(self._usual(name, one) for one in value.values))
        return value


def written(document: DocumentNode, schema: GraphQLSchema, seed: int) -> tuple[DocumentNode, dict[str, Any]]:
    """The document as someone would write it, and its variables."""
    types = TypeInfo(schema)
    writing = Written(Random(seed), types)
    return visit(document, TypeInfoVisitor(types, writing)), writing.variables
