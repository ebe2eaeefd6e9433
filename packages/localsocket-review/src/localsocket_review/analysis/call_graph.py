"""Who calls each function of a program, and with what."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from localsocket_review.analysis.circles import circles
from localsocket_review.analysis.indirect_calls import IndirectCalls
from localsocket_review.analysis.names import Names
from localsocket_review.analysis.resolution import Resolution
from localsocket_review.analysis.sites import CallSite, argument_of
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Attribute, Call, Display, Expression, Lambda, Name, strip_casts
from localsocket_review.model.program import Program


class CallGraph:
    """The calls that run a function, as far as a resolution knows which functions calls run."""

    def __init__(self, program: Program, names: Names, resolution: Resolution) -> None:
        self._program = program
        self._resolution = resolution
        self._indirect = IndirectCalls(program, names, resolution)
        self._values: dict[tuple[FunctionInfo, str], list[tuple[Expression, FunctionInfo]]] = {}
        self._callers: defaultdict[FunctionInfo, list[CallSite]] = defaultdict(list)
        for function in program.functions:
            for call in function.calls():
                self._note(call, function)
        for function in program.functions:
            for call in function.calls():
                self._note_parameter(call, function)

    def _note_parameter(self, call: Call, caller: FunctionInfo) -> None:
        """`then(value)`, where `then` is a parameter: whatever callers give for it is called."""
        called = strip_casts(call.function)
        if isinstance(called, Name) and any(one.name == called.identifier for one in caller.parameters):
            for callee in self._indirect.handed_to(caller, called.identifier, self._callers[caller]):
                self._callers[callee].append(CallSite(call, caller))

    def _note(self, call: Call, caller: FunctionInfo) -> None:
        for callee in self._resolution.callees(call, caller):
            self._callers[callee].append(CallSite(call, caller))
        for callee, site in self._indirect.sites(call, caller):
            self._callers[callee].append(site)
        for argument in (*call.arguments, *call.keywords.values()):
            if _may_name_function(strip_casts(argument)):
                for callee in self._resolution.functions_named_by(argument, caller):
                    if not callee.is_constructor:
                        self._callers[callee].append(CallSite(call, caller, is_handed_on=True))

    def callers(self, function: FunctionInfo) -> list[CallSite]:
        """Return the calls that run the function, and those that hand it to something that runs it."""
        return self._callers[function]

    @cached_property
    def _circles(self) -> dict[FunctionInfo, int]:
        return circles(self._program.functions, self._direct_callers)

    def _direct_callers(self, function: FunctionInfo) -> list[FunctionInfo]:
        return [site.caller for site in self._callers.get(function, ()) if not site.is_handed_on]

    def are_in_a_circle(self, one: FunctionInfo, other: FunctionInfo) -> bool:
        """Say whether each of two functions leads to a call of the other."""
        return self._circles.get(one) == self._circles.get(other, -1)

    def values_given(self, function: FunctionInfo, parameter: str) -> list[tuple[Expression, FunctionInfo]]:
        """Return what the callers give for a parameter, each with the function that gives it."""
        key = (function, parameter)
        if key not in self._values:
            self._values[key] = [
                (value, site.caller)
                for site in self.callers(function)
                if (value := self.value_given(site, function, parameter)) is not None
            ]
        return self._values[key]

    def value_given(self, site: CallSite, function: FunctionInfo, parameter: str) -> Expression | None:
        position = next((at for at, one in enumerate(function.parameters) if one.name == parameter), None)
        if position is None:
            return None
        if site.is_handed_on:
            return self._handed_on(site, position)
        if function.parameters[position].is_variadic:
            return _all_others(site.call, function, position)
        if parameter in site.call.keywords:
            return site.call.keywords[parameter]
        return site.call.arguments[position] if position < len(site.call.arguments) else None

    def _handed_on(self, site: CallSite, position: int) -> Expression | None:
        """`Thread(target=f, args=(a, b))`, `submit(f, a, b)`, `std::thread(f, a, b)`."""
        listed = site.call.keywords.get("args")
        if isinstance(listed, Display):
            return listed.items[position] if position < len(listed.items) else None
        api = self._resolution.api_of(site.call, site.caller)
        if api is None or not api.act & Act.START_THREAD:
            return None
        target = argument_of(site.call, api, "target")
        if target is None or target not in site.call.arguments:
            return None
        after = site.call.arguments[site.call.arguments.index(target) + 1 :]
        return after[position] if position < len(after) else None

    def types_given(self, function: FunctionInfo, parameter: str) -> str:
        """Return the type with which a framework calls a function that was handed to it."""
        position = next((at for at, one in enumerate(function.parameters) if one.name == parameter), 0)
        for site in self.callers(function):
            api = self._resolution.api_of(site.call, site.caller) if site.is_handed_on else None
            if api is not None and position < len(api.gives):
                return api.gives[position]
        return ""

    def type_without_them(self, expression: Expression, function: FunctionInfo) -> str:
        """Return the type by which the callers were found, which holds when they are known as well."""
        return self._resolution.inference.type_of(expression, function)


def _may_name_function(argument: Expression) -> bool:
    return isinstance(argument, (Name, Attribute, Lambda)) or (
        isinstance(argument, Call) and argument.called_name == "G_CALLBACK"
    )


def _all_others(call: Call, function: FunctionInfo, position: int) -> Expression:
    """Return what Python's `*values`, or behind it `**values`, takes of a call."""
    named = {one.name for one in function.parameters}
    is_second = position > 0 and function.parameters[position - 1].is_variadic
    keywords = {name: value for name, value in call.keywords.items() if name not in named}
    if is_second or (keywords and len(call.arguments) <= position):
        return Display(call.place, "dict", tuple(keywords.values()))
    return Display(call.place, "tuple", call.arguments[position:])
