"""What a program takes from a message without asking how much has come, or whether it is what it should be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.control_flow import ControlFlow
from localsocket_review.analysis.definitions import Definitions, How
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.analysis.sites import Site
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    COMPARISONS,
    Assignment,
    Attribute,
    Binary,
    Call,
    Cast,
    Expression,
    Literal,
    Name,
    Subscript,
    Unary,
    strip_casts,
    walk,
)
from localsocket_review.model.statements import Assign, Choice

_BYTES = frozenset({"char", "void", "unsigned char", "signed char", "uint8_t", "quint8", "uchar", "byte", "int8_t"})
_NO_MESSAGE = ("sockaddr", "cmsghdr", "iovec", "msghdr", "ucred")
_WORD_LENGTHS = frozenset({"strlen", "sizeof"})
_TELLING = re.compile(r"log|print|debug|trace|perror|syslog|warn|dump", re.IGNORECASE)


def is_structure(type_name: str) -> bool:
    """Say whether this is a pointer to something that has more bytes than one, and no address of a socket."""
    pointed, star, _ = type_name.replace("struct ", "").replace("const", "").replace("std::", "").partition("*")
    return bool(star) and pointed.strip() not in _BYTES and not pointed.strip().startswith(_NO_MESSAGE)


class UnaskedShapes:
    """Looks at what C code reads from a buffer that one call has filled."""

    def __init__(
        self,
        names: Names,
        calls: ProgramCalls,
        definitions: Definitions,
        flow_of: Callable[[FunctionInfo], ControlFlow],
    ) -> None:
        self._names = names
        self._calls = calls
        self._definitions = definitions
        self._flow_of = flow_of

    def laid_over(self, site: Site) -> Expression | None:
        """Return where a structure or number is read from the buffer while nobody has asked how much came."""
        function, buffer = site.function, site.argument("buffer")
        variable = self._names.variable(buffer, function) if buffer is not None else None
        if variable is None or variable.owner is not function or self._is_asked(site):
            return None
        flow = self._flow_of(function)
        uses = [one for one in self._reads(variable, site) if flow.may_follow(site.call, one)]
        return min(uses, key=lambda one: one.place, default=None)

    # --- what is read from it -------------------------------------------------------------------------------------

    def _pointers_into(self, buffer: Variable, function: FunctionInfo) -> set[Variable]:
        """Return the buffer and the local pointers that lead into it."""
        found = {buffer}
        declared = function.declared_types()
        for _ in range(3):  # a pointer of a pointer's, written in whichever order
            for statement in function.statements():
                if not isinstance(statement, Assign) or statement.value is None or statement.operator != "=":
                    continue
                target = self._names.variable(statement.target, function)
                source = strip_casts(statement.value)
                is_pointer = target is not None and "*" in declared.get(target.path, "")
                is_moved = isinstance(statement.value, Unary) and statement.value.operator == "*"
                if target is None or not is_pointer or is_moved or isinstance(source, Call):
                    continue
                if self._names.variable(statement.value, function) in found:
                    found.add(target)
        return found

    def _reads(self, buffer: Variable, site: Site) -> Iterator[Expression]:
        function = site.function
        is_object = is_object_itself(site.argument("buffer"))
        pointers = self._pointers_into(buffer, function)
        declared = function.declared_types()
        for part in function.expressions():
            match part:
                case Attribute(value=Name() as name) if is_object and self._names.variable(name, function) == buffer:
                    yield part
                case Attribute(value=value) | Unary(operator="*", operand=value):
                    if self._is_structure_in(value, pointers, declared, function):
                        yield part
                case Call(called_name="memcpy" | "memmove", arguments=(target, source, *_)):
                    is_taken = self._names.variable(source, function) in pointers
                    if is_object_itself(target) and is_taken and self._names.variable(target, function) not in pointers:
                        yield part

    def _is_structure_in(
        self, value: Expression, pointers: set[Variable], declared: dict[str, str], function: FunctionInfo
    ) -> bool:
        match value:
            case Cast(type=type_name) if is_structure(type_name):
                return self._names.variable(value, function) in pointers
            case Cast(value=inner):
                return self._is_structure_in(inner, pointers, declared, function)
            case Name(identifier=name) if is_structure(declared.get(name, "")):
                return self._names.variable(value, function) in pointers
        return False

    # --- whether somebody asks ------------------------------------------------------------------------------------

    def _is_asked(self, site: Site) -> bool:
        """Say whether how much came is compared, counted with, or given to a function that may do so."""
        function = site.function
        for part in function.expressions():
            match part:
                case Binary(operator=operator, left=left, right=right) if operator in COMPARISONS:
                    for one, other in ((left, right), (right, left)):
                        if self._has_count(one, site) and not _says_little(other):
                            return True
                case Binary(operator="+" | "-" | "*" | "/" | "%", left=left, right=right):
                    if self._has_count(left, site) or self._has_count(right, site):
                        return True
                case Call() if part is not site.call and not _TELLING.search(part.called_name):
                    if any(self._is_count(one, site) for one in part.arguments) and self._is_before_reads(part, site):
                        return True
        return self._is_kept(site)

    def _is_kept(self, site: Site) -> bool:
        """Say whether the count is chosen by, added up, or kept for others to ask."""
        for statement in site.function.statements():
            match statement:
                case Choice(subject=subject) if self._has_count(subject, site):
                    return True
                case Assign(target=target, value=Expression() as value, operator=operator):
                    if operator != "=" and self._has_count(value, site):
                        return True
                    is_elsewhere = not isinstance(strip_casts(target), Name) and not isinstance(target, Subscript)
                    if is_elsewhere and self._is_count(value, site):
                        return True
        return False

    def _is_before_reads(self, call: Call, site: Site) -> bool:
        """Say whether a call that is given the count may look at the message before anything is read of it."""
        flow = self._flow_of(site.function)
        buffer = site.argument("buffer")
        variable = self._names.variable(buffer, site.function) if buffer is not None else None
        if variable is None:
            return True
        return any(flow.dominates(call, one) for one in self._reads(variable, site))

    def _has_count(self, expression: Expression, site: Site) -> bool:
        return any(self._is_count(part, site) for part in walk(expression))

    def _is_count(self, expression: Expression, site: Site) -> bool:
        expression = strip_casts(expression)
        if expression is site.call:
            return True
        if isinstance(expression, Assignment):
            return strip_casts(expression.value) is site.call
        if not isinstance(expression, Name | Attribute):
            return False
        return any(
            one.how is How.VALUE and one.value is not None and strip_casts(one.value) is site.call
            for one in self._definitions.at(expression, site.function)
        )


def _says_little(other: Expression) -> bool:
    """Say whether comparing with this asks only for the end, a failure, or a word at the beginning."""
    match strip_casts(other):
        case Literal(value=value):
            return not value
        case Unary(operator="-"):
            return True
        case Call(called_name=name, arguments=(Literal(value=str()),)):
            return name in _WORD_LENGTHS
    return False


def is_object_itself(buffer: Expression | None) -> bool:
    """Say whether a buffer is one object: `&order`, whatever it is cast to."""
    while isinstance(buffer, Cast):
        buffer = buffer.value
    return isinstance(buffer, Unary) and buffer.operator == "&" and not isinstance(buffer.operand, Subscript)
