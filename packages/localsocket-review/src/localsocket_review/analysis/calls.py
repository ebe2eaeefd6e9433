"""The calls of a program: what each means, which function it runs, and who runs a function."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from localsocket_review.analysis.call_graph import CallGraph
from localsocket_review.analysis.names import Names
from localsocket_review.analysis.resolution import Resolution
from localsocket_review.analysis.sites import CallSite, Site, Trail
from localsocket_review.apis.meaning import Act
from localsocket_review.apis.tables import Tables
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Call, Expression
from localsocket_review.model.program import Program


class ProgramCalls(Resolution):
    """All calls, resolved twice: by what functions tell of themselves, and then by what their callers give them too.

    Whoever calls a method is known by types, and the type of a parameter by the callers. The first resolution knows no
    callers, and so depends on nothing that it is to find.
    """

    def __init__(self, program: Program, names: Names, tables: Tables) -> None:
        first = Resolution(program, names, tables, callers=None)
        super().__init__(program, names, tables, CallGraph(program, names, first))
        self._sites: dict[FunctionInfo, list[Site]] = {}
        self._sites_by_acts: dict[Act, list[Site]] = {}

    def sites(self, acts: Act, function: FunctionInfo | None = None) -> Iterator[Site]:
        """Give every call that does one of the acts, in one function or in the whole program."""
        if function is not None:
            return (site for site in self._sites_in(function) if site.api.act & acts)
        return iter(self._sites_of(acts))

    def _sites_of(self, acts: Act) -> list[Site]:
        if acts not in self._sites_by_acts:
            self._sites_by_acts[acts] = [
                site for one in self._program.functions for site in self._sites_in(one) if site.api.act & acts
            ]
        return self._sites_by_acts[acts]

    def _sites_in(self, function: FunctionInfo) -> list[Site]:
        if function not in self._sites:
            found = (self.site(call, function) for call in function.calls())
            self._sites[function] = [site for site in found if site is not None]
        return self._sites[function]

    # --- who calls ------------------------------------------------------------------------------------------------

    @cached_property
    def _graph(self) -> CallGraph:
        return CallGraph(self._program, self._names, self)

    def callers(self, function: FunctionInfo) -> list[CallSite]:
        """Return the calls that run the function, and those that hand it to something that runs it."""
        return self._graph.callers(function)

    def values_given(self, function: FunctionInfo, parameter: str) -> list[tuple[Expression, FunctionInfo]]:
        """Return what the callers give for a parameter, each with the function that gives it."""
        return self._graph.values_given(function, parameter)

    def types_given(self, function: FunctionInfo, parameter: str) -> str:
        """Return the type with which a framework calls a function that was handed to it."""
        return self._graph.types_given(function, parameter)

    def value_given(self, site: CallSite, function: FunctionInfo, parameter: str) -> Expression | None:
        """Return what one caller gives for a parameter."""
        return self._graph.value_given(site, function, parameter)

    def are_in_a_circle(self, one: FunctionInfo, other: FunctionInfo) -> bool:
        """Say whether each of two functions leads to a call of the other."""
        return self._graph.are_in_a_circle(one, other)

    def trail_into(self, callee: FunctionInfo, call: Call, function: FunctionInfo, trail: Trail) -> Trail:
        """Return the calls on the way to a function that a call runs, when those on the way to the call are known.

        In a circle of calls there is no end of ways, each longer than the one before: there they are not told apart.
        """
        if self.are_in_a_circle(callee, function):
            return ()
        return (*trail, (CallSite(call, function), callee))
