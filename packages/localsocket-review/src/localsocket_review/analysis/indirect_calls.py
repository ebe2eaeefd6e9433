"""Calls whose function is a value: a pointer, a member, an entry of a table, a parameter, an override, a macro."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from localsocket_review.analysis.names import Names, Variable
from localsocket_review.analysis.resolution import Resolution, takes
from localsocket_review.analysis.sites import CallSite
from localsocket_review.model.declarations import ClassInfo, FunctionInfo, FunctionKind
from localsocket_review.model.expressions import (
    Attribute,
    Call,
    Display,
    Expression,
    Lambda,
    Name,
    Subscript,
    Unary,
    strip_casts,
)
from localsocket_review.model.program import Program
from localsocket_review.model.statements import Assign
from localsocket_review.model.unit import Language

_BINDING = frozenset({"partial", "bind", "partialmethod"})
# `act(value)`, `server_act(server, value)`: what a macro that stands for one call expands to.
_ONE_CALL = re.compile(r"\s*(\w+)\s*\(([\w\s,]*)\)\s*;?\s*")


class IndirectCalls:
    """Knows which functions the program puts where, and so what a call through such a place may run."""

    def __init__(self, program: Program, names: Names, resolution: Resolution) -> None:
        self._program = program
        self._names = names
        self._resolution = resolution
        # What is put into a variable, anywhere inside, by the field that it is given to, where the text names one.
        self._put_into: defaultdict[Variable, list[tuple[str, FunctionInfo]]] = defaultdict(list)
        self._put_by_field: defaultdict[str, list[FunctionInfo]] = defaultdict(list)
        self._derived: defaultdict[ClassInfo, list[ClassInfo]] = defaultdict(list)
        for function in program.functions:
            for statement in function.statements():
                if isinstance(statement, Assign) and statement.value is not None:
                    self._note_value(statement.target, statement.value, function)
        for found in program.classes:
            for base in program.lineage(found):
                if base is not found:
                    self._derived[base].append(found)

    # --- where functions are put ----------------------------------------------------------------------------------

    def _note_value(self, target: Expression, value: Expression, function: FunctionInfo) -> None:
        value = strip_casts(value)
        for field, each in _values_inside(value):
            for named in self._functions(each, function):
                variable = self._names.variable(target, function)
                field = field or (target.name if isinstance(target, Attribute) else "")
                if variable is not None:
                    self._put_into[variable.root].append((field, named))
                if field:
                    self._put_by_field[field].append(named)

    def _functions(self, value: Expression, function: FunctionInfo) -> list[FunctionInfo]:
        """Return the functions that a value is, and none that are methods of unknown objects."""
        if not isinstance(value, (Name, Attribute, Lambda)):
            return []
        return [one for one in self._resolution.functions_named_by(value, function) if not one.is_constructor]

    # --- what calls run -------------------------------------------------------------------------------------------

    def sites(self, call: Call, caller: FunctionInfo) -> Iterator[tuple[FunctionInfo, CallSite]]:
        """Yield what a call may run that no name in the text says, each with the call as that function sees it."""
        callees = self._resolution.callees(call, caller)
        for callee in callees:
            for override in self._overrides(callee):
                yield override, CallSite(call, caller)
        if call.called_name in _BINDING and call.arguments:
            first, *others = call.arguments
            bound = CallSite(Call(call.place, first, tuple(others), call.keywords), caller)
            for callee in self._functions(strip_casts(first), caller):
                yield callee, bound
        elif not callees and self._resolution.api_of(call, caller) is None:
            called = strip_casts(call.function)
            behind = [one for one in dict.fromkeys(self._behind(called, caller)) if self._fits(one, call)]
            is_guess = len(behind) > 1 and isinstance(called, Attribute)
            for callee in behind:
                yield callee, CallSite(call, caller, is_guess=is_guess)
            yield from self._expanded(call, caller)

    def _overrides(self, callee: FunctionInfo) -> Iterator[FunctionInfo]:
        if callee.owner is None or callee.kind is not FunctionKind.METHOD:
            return
        for derived in self._derived.get(callee.owner, ()):
            for method in derived.methods.get(callee.name, ()):
                if method.body is not None and len(method.parameters) == len(callee.parameters):
                    yield method

    def _behind(self, called: Expression, caller: FunctionInfo) -> Iterator[FunctionInfo]:
        match called:
            case Name():
                yield from self._inside(called, "", caller)
                yield from self._callable(called, caller)
            case Subscript():
                yield from self._inside(called, "", caller)
            case Attribute(value=value, name=name):
                yield from self._inside(value, name, caller) or self._put_by_field.get(name, [])
                yield from self._declared(called, caller)
            case Call():
                yield from self._callable(called, caller)

    def _fits(self, callee: FunctionInfo, call: Call) -> bool:
        """Say whether a pointer to the function can be called like this; Python binds arguments beforehand."""
        return callee.unit.language is Language.PYTHON or callee.kind is FunctionKind.LAMBDA or takes(callee, call)

    def _inside(self, value: Expression, field: str, caller: FunctionInfo) -> list[FunctionInfo]:
        """Return what is put into a variable; of one field, what is put there, or where the text names no field."""
        variable = self._names.variable(value, caller)
        known = self._put_into.get(variable.root, ()) if variable is not None else ()
        return [function for given_to, function in known if not (field and given_to) or given_to == field]

    def _callable(self, called: Expression, caller: FunctionInfo) -> Iterator[FunctionInfo]:
        """`Tools()(text)`: an object of a class with `__call__`, or C++'s operator()."""
        known = self._program.class_named(self._resolution.inference.type_of(called, caller), caller.unit)
        for found in self._program.lineage(known) if known is not None else ():
            for name in ("__call__", "operator()"):
                yield from (method for method in found.methods.get(name, ()) if method.body is not None)

    def _declared(self, called: Attribute, caller: FunctionInfo) -> Iterator[FunctionInfo]:
        """A pure virtual method, or one whose body is in no file given: its overrides."""
        known = self._program.class_named(self._resolution.inference.type_of(called.value, caller), caller.unit)
        for derived in self._derived.get(known, ()) if known is not None else ():
            yield from (method for method in derived.methods.get(called.name, ()) if method.body is not None)

    def _expanded(self, call: Call, caller: FunctionInfo) -> Iterator[tuple[FunctionInfo, CallSite]]:
        """A macro that stands for one call, with its arguments in their order."""
        macro = caller.unit.macros.get(call.called_name) if caller.unit.language is Language.CPP else None
        match = _ONE_CALL.fullmatch(macro.value) if macro is not None and macro.has_parameters else None
        if match is None or match[2].count(",") + 1 != len(call.arguments):
            return
        target = Name(call.place, match[1])
        for callee in self._resolution.functions_named_by(target, caller):
            yield callee, CallSite(Call(call.place, target, call.arguments), caller)

    def handed_to(self, function: FunctionInfo, parameter: str, sites: list[CallSite]) -> Iterator[FunctionInfo]:
        """Yield the functions that callers give for a parameter, which the function then calls."""
        position = next((at for at, one in enumerate(function.parameters) if one.name == parameter), None)
        for site in sites:
            given = site.call.keywords.get(parameter)
            if given is None and position is not None and position < len(site.call.arguments) and not site.is_handed_on:
                given = site.call.arguments[position]
            if given is not None:
                yield from self._functions(_addressed(given), site.caller)


def _addressed(value: Expression) -> Expression:
    value = strip_casts(value)
    return value.operand if isinstance(value, Unary) and value.operator == "&" else value


def _values_inside(value: Expression) -> Iterator[tuple[str, Expression]]:
    """Yield what a value is or holds, with the name of the field that it is given to, where the text has one."""
    if isinstance(value, Display):
        keys = value.keys or (None,) * len(value.items)
        for key, item in zip(keys, value.items, strict=False):
            for field, inside in _values_inside(strip_casts(item)):
                yield field or (key.identifier if isinstance(key, Name) else ""), inside
    else:
        yield "", value
