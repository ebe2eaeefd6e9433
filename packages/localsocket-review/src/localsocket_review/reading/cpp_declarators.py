"""C++ declarators: which name a declaration introduces, of which type, with which value."""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node

from localsocket_review.model.declarations import Parameter
from localsocket_review.model.expressions import Attribute, Call, Display, Expression, Name
from localsocket_review.model.place import Place
from localsocket_review.reading.cpp_expressions import CppExpressions
from localsocket_review.reading.cpp_tree import field, first_of, parts, text_of, tidy_type, type_text

_NAME_TYPES = frozenset(
    {
        "identifier",
        "field_identifier",
        "type_identifier",
        "qualified_identifier",
        "destructor_name",
        "operator_name",
        "operator_cast",
        "structured_binding_declarator",
        "template_function",
    }
)
_PRIMITIVES = frozenset(
    {"char", "int", "long", "short", "unsigned", "signed", "float", "double", "bool", "void", "auto"}
)


@dataclass(slots=True)
class Declarator:
    """A declarator taken apart. `suffix` is what it adds to the type; `function` is its function declarator, if any."""

    name: Node | None = None
    suffix: str = ""
    function: Node | None = None
    is_function_pointer: bool = False
    array_size: Node | None = None
    value: Node | None = None
    is_assigned: bool = False  # with `=`, not by construction


def take_apart(node: Node | None) -> Declarator:
    found = Declarator()
    while node is not None:
        if node.type in _NAME_TYPES:
            found.name = node
            break
        if node.type == "init_declarator":
            found.value = field(node, "value")
            found.is_assigned = any(child.type == "=" for child in node.children)
        elif node.type == "pointer_declarator":
            found.suffix = "*" + found.suffix
        elif node.type == "reference_declarator":
            found.suffix = "&" + found.suffix
        elif node.type == "array_declarator":
            found.suffix = "[]" + found.suffix
            found.array_size = field(node, "size")
        elif node.type == "function_declarator":
            found.function = node
        elif node.type == "parenthesized_declarator" and found.function is not None:
            found.is_function_pointer = True
        inner = field(node, "declarator")
        node = inner or (parts(node)[-1] if parts(node) else None)
    return found


def declarators(node: Node) -> list[Node]:
    return [child for child in node.children_by_field_name("declarator") if child.type != "comment"]


def parameters(function: Node | None, expressions: CppExpressions) -> list[Parameter]:
    """Return the parameters of a function declarator; `(void)` has none."""
    listed = field(function, "parameters") if function is not None else None
    found = []
    for node in parts(listed) if listed is not None else []:
        if not node.type.endswith("parameter_declaration"):
            continue
        declarator = take_apart(field(node, "declarator"))
        full_type, name = type_text(field(node, "type")) + declarator.suffix, text_of(declarator.name)
        if full_type == "void":
            continue
        if (real := _name_behind(node)) is not None:
            full_type, name = name, real
        default = field(node, "default_value")
        found.append(
            Parameter(
                expressions.place(node),
                name,
                full_type,
                None if default is None else expressions.lower(default),
                is_variadic=node.type.startswith("variadic"),
            )
        )
    return found


def _name_behind(parameter: Node) -> str | None:
    """Return the name, where a macro that is not known stands before the type: `UNUSED Kind kind`."""
    left, following = field(parameter, "declarator"), parameter.next_sibling
    if left is None or left.type != "identifier" or following is None or following.type != "ERROR":
        return None
    inside = parts(following)
    return text_of(inside[0]) if len(inside) == 1 and inside[0].type == "identifier" else None


def initial_value(
    declarator: Declarator, type_name: str, place: Place, expressions: CppExpressions
) -> Expression | None:
    """Return what a declared variable begins with; a construction is a call of its type, an array's one of `[]`."""
    value = declarator.value
    if value is None:
        if declarator.array_size is not None:
            return Call(place, Name(place, "[]"), (expressions.lower(declarator.array_size),), template=type_name)
        return None
    if value.type == "argument_list":
        return construction(type_name, expressions.arguments(value), place)
    lowered = expressions.lower(value)
    if isinstance(lowered, Display) and not declarator.is_assigned and not any(lowered.keys):
        return construction(type_name, lowered.items, place)
    return lowered


def construction(type_name: str, arguments: tuple[Expression, ...], place: Place) -> Expression:
    bare, _, rest = type_name.partition("<")
    if bare.rstrip("*&[]") in _PRIMITIVES and len(arguments) == 1:
        return arguments[0]
    function: Expression | None = None
    for word in bare.rstrip("*&").split("::"):
        function = Name(place, word) if function is None else Attribute(place, function, word)
    template = tidy_type(rest.rpartition(">")[0])
    return Call(place, function or Name(place, bare), arguments, template=template)


def looks_like_arguments(function: Node) -> bool:
    """Say whether a function's parameters may as well be a constructor's arguments: `vector<char> data(length);`."""
    listed = field(function, "parameters")
    return listed is None or all(
        node.type == "parameter_declaration" and first_of(node, "type_qualifier") is None for node in parts(listed)
    )


def parameters_as_arguments(function: Node, expressions: CppExpressions) -> tuple[Expression, ...]:
    listed = field(function, "parameters")
    found = []
    for node in parts(listed) if listed is not None else ():
        named, called = field(node, "type"), field(node, "declarator")
        if named is None:
            continue
        argument = expressions.lower(named)
        if called is not None and called.type == "abstract_function_declarator":  # `QDir dir(Paths::find(Paths::Run));`
            argument = Call(expressions.place(node), argument, parameters_as_arguments(called, expressions))
        found.append(argument)
    return tuple(found)
