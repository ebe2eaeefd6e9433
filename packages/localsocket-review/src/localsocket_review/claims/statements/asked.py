"""What the code is asked: functions that a name stands for, calls in them, values given, lines as written."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from localsocket_review.claims.mentions import Mention
from localsocket_review.claims.reviewed_code import Code, Entity, Sort
from localsocket_review.model.declarations import FunctionInfo, FunctionKind
from localsocket_review.model.expressions import (
    Attribute,
    Binary,
    Call,
    Expression,
    Literal,
    Name,
    Unary,
    dotted,
    strip_casts,
    walk,
)
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Assign

Value = float | str
_LONGEST_SIGNATURE = 6  # lines
_DEEPEST = 5  # names that stand for names: five is more than a program has that a person can read


@dataclass(frozen=True, slots=True)
class Found:
    """A call, where it stands, and whether it is certain that it is the one that was named."""

    call: Call
    function: FunctionInfo
    is_certain: bool = True

    @property
    def place(self) -> Place:
        return self.call.place


def text_at(place: Place, code: Code) -> str:
    """Return the line of a place as written."""
    unit = code.unit_of(place)
    return unit.line(place.line).strip() if unit is not None else ""


def quoted(place: Place, code: Code) -> tuple[Place, str]:
    """Return the place with its line, to be shown."""
    return place, text_at(place, code)


# --- functions that a name stands for ---------------------------------------------------------------------------------


def functions_of(mentions: Sequence[Mention], code: Code) -> list[FunctionInfo] | None:
    """Return the functions that the names stand for, those inside them too; None where they stand for none."""
    found: dict[FunctionInfo, None] = {}
    for mention in mentions:
        inside = list(_functions_of(mention, code))
        if not inside:
            return None
        found.update(dict.fromkeys(inside))
    return list(found) if mentions else list(code.program.functions)


def _functions_of(mention: Mention, code: Code) -> Iterator[FunctionInfo]:
    if mention.is_file:
        yield from (
            one
            for one in code.program.functions
            if one.unit.path.endswith(f"/{mention.name}") or one.unit.path == mention.name
        )
        return
    for entity in code.resolve(mention):
        if entity.sort is Sort.FUNCTION and entity.function is not None and entity.function.body is not None:
            yield from with_nested(entity.function)
        elif entity.sort is Sort.CLASS and entity.owner is not None:
            if mention.qualifier == mention.name or mention.arguments is not None:
                methods: Iterable[FunctionInfo] = entity.owner.constructors()
            elif mention.name.startswith("~"):
                methods = [one for one in entity.owner.all_methods() if one.kind is FunctionKind.DESTRUCTOR]
            else:
                methods = entity.owner.all_methods()
            for method in methods:
                yield from with_nested(method)


def with_nested(function: FunctionInfo) -> Iterator[FunctionInfo]:
    yield function
    for nested in function.nested:
        yield from with_nested(nested)


def reached_from(functions: Iterable[FunctionInfo], code: Code) -> list[FunctionInfo]:
    """Return the functions and all that they call, directly or through others."""
    seen: dict[FunctionInfo, None] = {}
    waiting = list(functions)
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen[current] = None
        waiting.extend(current.nested)
        for call in current.calls():
            waiting.extend(code.facts.calls.callees(call, current))
            waiting.extend(code.facts.calls.entered_by(call, current))
    return list(seen)


def entities_of(mention: Mention, code: Code, sorts: tuple[Sort, ...]) -> list[Entity]:
    return [one for one in code.resolve(mention) if one.sort in sorts]


# --- calls ------------------------------------------------------------------------------------------------------------


def calls_of(mention: Mention, functions: Iterable[FunctionInfo], code: Code) -> list[Found]:
    """Return the calls of what is named, its class or module as said."""
    found = []
    for function in functions:
        for call in function.calls():
            if call.called_name == mention.name:
                fits = _fits(call, function, mention.qualifier, code)
                if fits is not False:
                    found.append(Found(call, function, fits is True))
    return found


def _fits(call: Call, function: FunctionInfo, qualifier: str, code: Code) -> bool | None:
    """Say whether a call is one of this class, module or object; None where its receiver is not known."""
    if not qualifier:
        return True
    external = code.facts.names.external(call.function, function)
    if external and qualifier in external.split(".")[:-1]:
        return True
    receiver = dotted(call.receiver) if call.receiver is not None else ""
    if receiver.rpartition(".")[2] == qualifier:
        return True
    if qualifier in sys.stdlib_module_names:
        return False
    if call.receiver is None:
        is_own = function.owner is not None and qualifier in code.facts.inference.class_lineage(function.owner)
        return is_own or (None if external else False)
    kind = code.facts.inference.type_of(call.receiver, function)
    if not kind:
        return None
    return code.facts.inference.is_a(call.receiver, function, qualifier) or kind.rpartition(".")[2] == qualifier


def is_own_function(mention: Mention, code: Code) -> bool:
    return any(one.sort in (Sort.FUNCTION, Sort.CLASS) for one in code.entities.get(mention.name, ()))


def words_in(name: str, functions: Iterable[FunctionInfo], code: Code) -> list[Place]:
    """Return where a word stands in these functions, as code and not as a comment."""
    spans = [(one.place.file, one.place.line, one.place.end_line or one.place.line) for one in functions]
    return [
        place
        for place in code.occurrences(name)
        if any(file == place.file and first <= place.line <= last for file, first, last in spans)
    ]


# --- values -----------------------------------------------------------------------------------------------------------


def values_of(expression: Expression, function: FunctionInfo, code: Code, depth: int = 0) -> set[Value] | None:
    """Return what an expression is worth, as written or by the constant that it names; None where it is not known."""
    inner = strip_casts(expression)
    match inner:
        case Literal(value=bool() as value):
            return {str(value)}
        case Literal(value=int() | float() as value):
            return {float(value)}
        case Literal(value=str() as value):
            return {value}
        case Literal(value=bytes() as value):
            return {value.decode("latin-1")}
        case Unary(operator="-", operand=operand):
            values = values_of(operand, function, code, depth + 1)
            return {-one for one in values if isinstance(one, float)} if values else None
        case Binary(operator="+" | "-" | "*" | "|" as operator, left=left, right=right):
            return _computed(
                operator, values_of(left, function, code, depth + 1), values_of(right, function, code, depth + 1)
            )
        case Name(identifier=name) if depth < _DEEPEST:
            return constant_named(name, function, code, depth)
    return None


def _computed(operator: str, left: set[Value] | None, right: set[Value] | None) -> set[Value] | None:
    if not left or not right or len(left) > 1 or len(right) > 1:
        return None
    one, other = next(iter(left)), next(iter(right))
    if not isinstance(one, float) or not isinstance(other, float):
        return None
    if operator == "|":
        return {float(int(one) | int(other))}
    return {one + other if operator == "+" else one - other if operator == "-" else one * other}


def constant_named(name: str, function: FunctionInfo, code: Code, depth: int = 0) -> set[Value] | None:
    """Return what a constant stands for: assigned once and for all in the files, or a macro."""
    if name in function.local_names():
        values = [(one.value, function) for one in _assignments(name, [function])]
    else:
        macros = [unit.macros[name] for unit in code.program.units if name in unit.macros]
        if macros:
            numbers = {number for macro in macros if (number := _number_written(macro.value)) is not None}
            return set(numbers) if len(numbers) == 1 else None
        bodies = [one for one in code.program.functions if one.kind is FunctionKind.MODULE]
        values = [(one.value, body) for body in bodies for one in _assignments(name, [body])]
    if len(values) != 1 or values[0][0] is None:
        return None
    return values_of(values[0][0], values[0][1], code, depth + 1)


def _assignments(name: str, functions: Iterable[FunctionInfo]) -> Iterator[Assign]:
    for function in functions:
        for statement in function.statements():
            if (
                isinstance(statement, Assign)
                and isinstance(statement.target, Name)
                and statement.target.identifier == name
            ):
                yield statement


def _number_written(text: str) -> float | None:
    plain = text.strip().strip("()").rstrip("uUlLfF")
    try:
        return float(int(plain, 8) if re.fullmatch(r"0[0-7]+", plain) else int(plain, 0))
    except ValueError:
        try:
            return float(plain)
        except ValueError:
            return None


def every_number(code: Code) -> set[float]:
    """Return every number that is written anywhere in the files, be it in a macro or a text."""
    found: set[float] = set()
    for unit in code.program.units:
        for match in re.finditer(r"(?<![\w.])(?:0[xX][0-9a-fA-F']+|\d[\d_']*(?:\.\d+)?)", unit.source):
            number = _number_written(match[0].replace("_", "").replace("'", ""))
            if number is not None:
                found.add(number)
    return found


# --- places -----------------------------------------------------------------------------------------------------------


def declaration_of(entity: Entity, code: Code) -> str:
    """Return a function's declaration as written in its class, or where it is defined: up to its body."""
    found = entity.found
    places = [entity.place]
    if isinstance(found, FunctionInfo) and found.declared_at is not None:
        places.insert(0, found.declared_at)
    return " ".join(_signature(place, code) for place in places)


def _signature(place: Place, code: Code) -> str:
    unit = code.unit_of(place)
    text = unit.code[unit.span(place.line, place.line + _LONGEST_SIGNATURE)] if unit is not None else ""
    depth = 0
    for position, character in enumerate(text):
        depth += (character in "(<[") - (character in ")>]")
        if character in "{;" and depth <= 0:
            return text[:position]
        if (
            character == ":"
            and depth <= 0
            and text[position - 1 : position] == " "
            and text[position + 1 : position + 2] == " "
        ):
            return text[:position]
    return text


def names_in(expression: Expression) -> set[str]:
    """Return every name in an expression."""
    found: set[str] = set()
    for part in walk(expression):
        if isinstance(part, Name):
            found.add(part.identifier)
        elif isinstance(part, Attribute):
            found.add(part.name)
    return found
