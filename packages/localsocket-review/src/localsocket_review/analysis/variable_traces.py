"""What variables hold of what a peer sent: by each definition that reaches them, parameters and members included."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.carried_data import (
    SIGNED_TYPES,
    SMALL_TYPES,
    Step,
    Trace,
    Use,
    designated,
    guessed,
    results,
)
from localsocket_review.analysis.checks import Checks
from localsocket_review.analysis.definitions import Definition, Definitions, How, is_made_of_parameters
from localsocket_review.analysis.inference import Inference
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.analysis.outputs import Output
from localsocket_review.analysis.receiving import Receiving
from localsocket_review.analysis.searching import Search, searched
from localsocket_review.analysis.sites import LONGEST_TRAIL, Trail
from localsocket_review.analysis.structures_returned import structures_returned
from localsocket_review.analysis.transports import Transports
from localsocket_review.model.declarations import FunctionInfo, FunctionKind
from localsocket_review.model.expressions import (
    Attribute,
    Await,
    Binary,
    Call,
    Display,
    Expression,
    Name,
    Subscript,
    Unary,
    strip_casts,
)
from localsocket_review.model.unit import Language

_DEEPEST_FIELD = 3


class DataTracing(Protocol):
    """What follows expressions, and calls a `VariableTraces` for the variables in them."""

    search: Search

    def trace(self, expression: Expression, function: FunctionInfo, use: Use, trail: Trail, /) -> Trace | None: ...
    def any_of(
        self, expressions: Iterable[Expression], function: FunctionInfo, use: Use, trail: Trail
    ) -> Trace | None: ...
    def elements(
        self, iterables: Iterable[Expression], function: FunctionInfo, use: Use, trail: Trail
    ) -> Trace | None: ...


class VariableTraces:
    """Follows data backwards from a variable to what it was given."""

    def __init__(
        self,
        names: Names,
        inference: Inference,
        calls: ProgramCalls,
        definitions: Definitions,
        transports: Transports,
        checks: Checks,
        receiving: Receiving,
        tracing: DataTracing,
    ) -> None:
        self._names = names
        self._inference = inference
        self._calls = calls
        self._definitions = definitions
        self._transports = transports
        self._checks = checks
        self._receiving = receiving
        self._tracing = tracing
        self.search = tracing.search

    def of(self, expression: Expression, function: FunctionInfo, use: Use, trail: Trail) -> Trace | None:
        """Return the way of what a peer sent to a variable, as it is where it stands."""
        if isinstance(expression, Attribute) and self._receiving.is_member(expression, function):
            return (Step(expression.place, "received here"),)
        variable = self._names.variable(expression, function)
        if variable is None:
            return (
                self._tracing.trace(expression.value, function, use, trail)
                if isinstance(expression, Attribute)
                else None
            )
        if use.is_number and SMALL_TYPES.fullmatch(self._inference.type_of(expression, function).removeprefix("std.")):
            return None
        return self._of_definitions(variable, expression, function, use, trail)

    def _of_definitions(
        self, variable: Variable, where: Expression, function: FunctionInfo, use: Use, trail: Trail
    ) -> Trace | None:
        for definition in self._definitions.of_variable(variable, where, function):
            if definition.function is function:
                found = self._defined(definition, variable, use, trail)
            elif trail and is_made_of_parameters(definition):
                found = self._given_by_all(definition, variable, use)
            else:
                found = self._defined(definition, variable, use, ())
            if found is None and definition.how is How.VALUE and definition.function is function:
                found = self._behind(definition, variable, where, function, use, trail)
            if found is not None and not self._is_checked_since(definition, variable, where, function, use):
                is_guess = self._may_hold_another_value(definition, function) or (
                    use.is_number and self._may_count_itself(definition, variable, found)
                )
                return guessed(found) if is_guess else found
        return None

    def _may_count_itself(self, definition: Definition, variable: Variable, found: Trace) -> bool:
        """Say whether this is a field of what a function of the program made of a text: `joined->length`."""
        value = strip_casts(definition.value) if definition.value is not None else None
        is_field = len(variable.path) > len(definition.variable.path)
        is_made_here = isinstance(value, Call) and bool(self._calls.callees(value, definition.function))
        return is_field and is_made_here and not any(step.makes_number for step in found)

    def _may_hold_another_value(self, definition: Definition, function: FunctionInfo) -> bool:
        """Say whether another function set a variable of the whole file that others set as well: which was last?"""
        root = definition.variable.root
        if definition.function is function or not _is_of_module(root):
            return False
        setting = {one.function for one in self._definitions.everywhere(root) if one.how is not How.DECLARED}
        return sum(one.kind is not FunctionKind.MODULE for one in setting) > 1

    def _is_checked_since(
        self, definition: Definition, variable: Variable, where: Expression, function: FunctionInfo, use: Use
    ) -> bool:
        """Say whether conditions make what a definition gave harmless on each way: `if (size > most) size = most;`."""
        if definition.function is not function or definition.how in (How.ADDED, How.EXTENDED):
            return False
        if use.is_number:
            is_signed = SIGNED_TYPES.fullmatch(self._inference.type_of(where, function)) is not None
            needs_both_ends = use is Use.OFFSET and is_signed
            check = self._checks.keeps_in_range_since if needs_both_ends else self._checks.bounds_since
            return check(definition, variable, where)
        is_plain = use is Use.PATH and self._checks.keeps_inside_since(definition, variable, where)
        return is_plain or self._checks.restricts_since(definition, variable, where)

    def _behind(
        self,
        definition: Definition,
        pointer: Variable,
        where: Expression,
        function: FunctionInfo,
        use: Use,
        trail: Trail,
    ) -> Trace | None:
        """A C pointer shows what its buffer holds where the pointer is used, not where it was made to point there."""
        value = definition.value
        if not isinstance(strip_casts(value or where), (Name, Attribute)) or value is None:
            return None
        if function.unit.language is not Language.CPP:
            return None
        buffer = self._names.variable(value, function)
        is_address = isinstance(value, Unary) and value.operator == "&"
        is_buffer = is_address or any(
            isinstance(one.value, Call) and one.value.called_name in ("[]", "malloc", "calloc")
            for one in (self._definitions.at(strip_casts(value), function) if buffer is not None else ())
        )
        if buffer is None or buffer == pointer or not is_buffer:
            return None
        asked = pointer.path.removeprefix(definition.variable.path)
        if f"{buffer.path}{asked}".count(".") > _DEEPEST_FIELD:
            return guessed(self._read_at(buffer, where, function, use, trail))
        return self._read_at(Variable(buffer.owner, f"{buffer.path}{asked}"), where, function, use, trail)

    @searched
    def _read_at(
        self, variable: Variable, where: Expression, function: FunctionInfo, use: Use, trail: Trail
    ) -> Trace | None:
        """Trace what another variable than the one that is named holds there: a buffer, a field of what was given."""
        if trail and self._read_at(variable, where, function, use, ()) is None:
            return None
        return self._of_definitions(variable, where, function, use, trail)

    def _given_by_all(self, definition: Definition, variable: Variable, use: Use) -> Trace | None:
        """What one object was given is not in another one: it is in this one when every caller gives such data."""
        giver, found = definition.function, None
        if not self._calls.callers(giver):
            return self._defined(definition, variable, use, ())
        for site in self._calls.callers(giver):
            found = self._defined(definition, variable, use, ((site, giver),))
            if found is None:
                break
        return found

    def _defined(self, definition: Definition, variable: Variable, use: Use, trail: Trail) -> Trace | None:
        value, function = definition.value, definition.function
        if definition.how is How.PARAMETER:
            return self._parameter(definition, variable, use, trail)
        if definition.how is How.FILLED and isinstance(value, Call | Binary):
            return self._receiving.filled_into(variable, definition, value, trail)
        if value is None:
            return None
        if isinstance(value, Display) and (field := variable.path.removeprefix(f"{definition.variable.path}.")):
            named = designated(value, field)
            if named is not None and field != variable.path:
                return self._tracing.any_of(named, function, use, trail)
        if definition.output is not None and isinstance(value, Call):
            found = self._given_back(definition.output, value, function, use, trail)
            return found if variable.path == definition.variable.path else guessed(found)  # of whichever field
        if definition.how is How.ELEMENT:
            return self._tracing.elements([value], function, use, trail)
        if definition.how is How.PART and (callees := self._returning_parts(value, definition)):
            return self._part_returned(definition, callees, use, trail)
        found = self._of_value(definition, value, variable, use, trail)
        if found is not None or definition.how is not How.EXTENDED:
            return found
        return self._before(definition, variable, use, trail)

    def _of_value(
        self, definition: Definition, value: Expression, variable: Variable, use: Use, trail: Trail
    ) -> Trace | None:
        """Trace a value, or the field of it that is asked for, where a function of C gives a structure."""
        asked = variable.path.removeprefix(definition.variable.path).lstrip(".")
        structures = structures_returned(value, definition.function, self._calls) if asked else []
        if structures and definition.how is How.VALUE:
            return self._field_returned(structures, asked, definition, use, trail)
        is_whole = definition.how is How.VALUE or _is_copied_whole(definition)
        if asked and is_whole and definition.function.unit.language is Language.CPP:
            return self._of_field(value, asked, definition.function, use, trail)
        return self._tracing.trace(value, definition.function, use, trail)

    def _field_returned(
        self, structures: list[tuple[Name, FunctionInfo]], field: str, definition: Definition, use: Use, trail: Trail
    ) -> Trace | None:
        """`session = make(); session->size`: what became of its other fields says nothing of the size."""
        value = strip_casts(definition.value) if definition.value is not None else None
        if not isinstance(value, Call) or len(trail) >= LONGEST_TRAIL:
            return None
        for name, callee in structures:
            inside = self._calls.trail_into(callee, value, definition.function, trail)
            whole = self._names.variable(name, callee)
            if whole is None or field.count(".") >= _DEEPEST_FIELD:
                found = guessed(self._tracing.trace(name, callee, use, inside))
            else:
                found = self._read_at(Variable(whole.owner, f"{whole.path}.{field}"), name, callee, use, inside)
            if found is not None:
                return (*found, Step(value.place, f"returned by {callee.name}()"))
        return None

    @searched
    def _before(self, definition: Definition, variable: Variable, use: Use, trail: Trail) -> Trace | None:
        """Trace what was in the variable before more was joined to it."""
        value, function = definition.value, definition.function
        before = self._definitions.of_variable(variable, value, function) if value is not None else ()
        traces = (self._defined(one, variable, use, trail if one.function is function else ()) for one in before)
        return next((trace for trace in traces if trace is not None), None)

    def _given_back(self, output: Output, call: Call, function: FunctionInfo, use: Use, trail: Trail) -> Trace | None:
        """What a function of the program sets in a variable that it was given by its address."""
        if len(trail) >= LONGEST_TRAIL:
            return None
        inside = self._calls.trail_into(output.function, call, function, trail)
        found = self._tracing.trace(output.value, output.function, use, inside)
        return None if found is None else (*found, Step(call.place, f"set by {output.function.name}()"))

    def _returning_parts(self, value: Expression, definition: Definition) -> list[FunctionInfo]:
        """Return the functions that a call runs, when each plainly returns as many values as are taken."""
        call = value.value if isinstance(value, Await) else value
        if not isinstance(call, Call) or self._calls.api_of(call, definition.function) is not None:
            return []
        callees = [callee for callee in self._calls.callees(call, definition.function) if not callee.is_constructor]
        are_plain = all(
            isinstance(one, Display) and definition.part < len(one.items)
            for callee in callees
            for one in results(callee)
        )
        return callees if are_plain else []

    def _part_returned(
        self, definition: Definition, callees: list[FunctionInfo], use: Use, trail: Trail
    ) -> Trace | None:
        """`kind, size = header(data)`: what became of the size says nothing of the kind."""
        value = definition.value
        call = value.value if isinstance(value, Await) else value
        if not isinstance(call, Call) or len(trail) >= LONGEST_TRAIL:
            return None
        for callee in callees:
            parts = [one.items[definition.part] for one in results(callee) if isinstance(one, Display)]
            inside = self._calls.trail_into(callee, call, definition.function, trail)
            found = self._tracing.any_of(parts, callee, use, inside)
            if found is not None:
                return (*found, Step(call.place, f"returned by {callee.name}()"))
        return None

    def _parameter(self, definition: Definition, variable: Variable, use: Use, trail: Trail) -> Trace | None:
        function, parameter = definition.function, definition.parameter
        if parameter is None:
            return None
        field = variable.path.removeprefix(parameter.name).removeprefix(".")
        if self._receiving.is_given(function, parameter.name):
            if self._transports.serves_network(function):
                return None
            return (Step(parameter.place, "received here"),)
        if trail and trail[-1][1] is function:
            site = trail[-1][0]
            value = self._calls.value_given(site, function, parameter.name)
            return None if value is None else self._given(value, field, function, site.caller, use, trail[:-1])
        note = f"given to {function.name or 'a function'}() here"
        for site in sorted(self._calls.callers(function), key=lambda one: one.is_guess):
            value = self._calls.value_given(site, function, parameter.name)
            found = None if value is None else self._given(value, field, function, site.caller, use, ())
            if value is not None and found is not None:
                return (*found, Step(value.place, note, is_guess=site.is_guess))
        return None

    def _given(
        self, value: Expression, field: str, function: FunctionInfo, caller: FunctionInfo, use: Use, trail: Trail
    ) -> Trace | None:
        """Trace what a caller gives for a parameter of the function, or the field of it that is read there."""
        # In a circle of calls, each of which gives a field of what it was given, there is no end of fields of fields.
        is_endless = self._calls.are_in_a_circle(function, caller)
        return self._of_field(value, field, caller, use, trail, is_endless=is_endless)

    def _of_field(
        self,
        value: Expression,
        field: str,
        function: FunctionInfo,
        use: Use,
        trail: Trail,
        *,
        is_endless: bool = False,
    ) -> Trace | None:
        """Trace a field of a structure or of what a pointer leads to, or all of it where no field is asked for."""
        whole = strip_casts(value.operand if isinstance(value, Unary) and value.operator == "&" else value)
        variable = (
            self._names.variable(whole, function) if field and isinstance(whole, (Name, Attribute, Subscript)) else None
        )
        if variable is None:
            return self._tracing.trace(value, function, use, trail)
        inside = Variable(variable.owner, f"{variable.path}.{field}")
        if (is_endless and "." in variable.path) or inside.path.count(".") > _DEEPEST_FIELD:
            return guessed(self._tracing.trace(value, function, use, trail))  # of whichever field
        return self._read_at(inside, whole, function, use, trail)


def _is_copied_whole(definition: Definition) -> bool:
    """Say whether each field is what the same field was: `memcpy(packet, other, size)`, of one structure."""
    return definition.how is How.ADDED and isinstance(definition.value, (Name, Attribute, Unary))


def _is_of_module(variable: Variable) -> bool:
    return isinstance(variable.owner, FunctionInfo) and variable.owner.kind is FunctionKind.MODULE
