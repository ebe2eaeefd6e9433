"""Which functions run on which thread."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.inference import Inference
from localsocket_review.analysis.processes import Mains, Processes
from localsocket_review.analysis.reach import is_entry
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import ClassInfo, FunctionInfo, FunctionKind
from localsocket_review.model.expressions import Display, Lambda, Name, Unary
from localsocket_review.model.place import Place
from localsocket_review.model.program import Program
from localsocket_review.model.statements import Assign
from localsocket_review.model.unit import Language, Unit

_RUN_BASES = frozenset({"QThread", "QRunnable", "threading.Thread", "multiprocessing.Process"})


@dataclass(frozen=True, slots=True)
class Worker:
    """A function that begins a thread of its own, and the place that says so."""

    function: FunctionInfo
    place: Place
    label: str


class Threads:
    """The threads that a program begins, and what runs on them."""

    def __init__(self, program: Program, inference: Inference, calls: ProgramCalls, processes: Processes) -> None:
        self._program = program
        self._inference = inference
        self._calls = calls
        self._processes = processes
        self._known_callees: dict[FunctionInfo, list[FunctionInfo]] = {}
        self.workers = self._find_workers()
        self._worker_of: dict[FunctionInfo, Worker] = {}
        for worker in self.workers:
            for function in self.reachable(worker.function):
                self._worker_of.setdefault(function, worker)

    def _find_workers(self) -> list[Worker]:
        return [*self._running_methods(), *self._targets(), *self._thread_members()]

    def _running_methods(self) -> Iterator[Worker]:
        for found in self._program.classes:
            for run in found.methods.get("run", []) if self.is_thread(found) else ():
                if run.body is not None:
                    yield Worker(run, run.place, f"{found.name}.run()")

    def _targets(self) -> Iterator[Worker]:
        for site in self._calls.sites(Act.START_THREAD):
            target = site.argument("target")
            for function in self._calls.functions_named_by(target, site.function) if target is not None else ():
                yield Worker(function, site.place, f"{function.name}()" if function.name else "a lambda")

    def _thread_members(self) -> Iterator[Worker]:
        """A member that its class's constructor initialises: `m_thread(&Server::run, this)`."""
        for function in self._program.functions:
            for statement in function.statements() if function.is_constructor else ():
                if not isinstance(statement, Assign) or not isinstance(statement.value, Display | Lambda | Unary):
                    continue
                if self._inference.is_a(statement.target, function, "std.thread", "std.jthread"):
                    value = statement.value
                    target = value.items[0] if isinstance(value, Display) and value.items else value
                    for found in self._calls.functions_named_by(target, function):
                        yield Worker(found, statement.place, f"{found.name}()" if found.name else "a lambda")

    @cached_property
    def has_none(self) -> bool:
        """Say whether the files given are a whole program, which begins no thread: a library is used as others like."""
        starts = any(True for _ in self._calls.sites(Act.START_THREAD)) or any(
            map(self.is_thread, self._program.classes)
        )
        return not starts and not self.workers and any(map(_begins_program, self._program.functions))

    def are_none_beside(self, function: FunctionInfo) -> bool:
        """Say whether the programs that run the function begin no thread, as far as the text tells."""
        if self.has_none:
            return True
        others = self._other_ways(function.unit)
        mains = self._processes.running(function)
        for other in (one for unit in others for one in unit.functions if not mains):
            mains = mains | self._processes.running(other)
        return bool(mains) and not mains & (self._beginning_without(others) if others else self._beginning)

    def _other_ways(self, unit: Unit) -> set[Unit]:
        """Return the files of C beside one that define the same functions: a build takes one of them."""
        if not unit.path.endswith(".c"):
            return set()
        offered = [one for one in unit.functions if one.body is not None and not one.is_static]
        namesakes = (other for one in offered for other in self._program.free_namesakes(one.name, unit))
        beside = (other.unit for other in namesakes if other.body is not None and other.unit.folder == unit.folder)
        return {other for other in beside if other is not unit and other.path.endswith(".c")}

    @cached_property
    def _beginning(self) -> Mains:
        return self._beginning_without(())

    def _beginning_without(self, units: Collection[Unit]) -> Mains:
        """Return the entries of programs that begin threads, and not in one of these files alone."""
        begin = {site.function for site in self._calls.sites(Act.START_THREAD)}
        begin.update(worker.function for worker in self.workers)
        leading = self._processes.leading_to(one for one in begin if one.unit not in units)
        return frozenset(filter(is_entry, leading))

    def is_thread(self, found: ClassInfo) -> bool:
        return bool(_RUN_BASES & set(self._inference.class_lineage(found)[1:]))

    def reachable(self, function: FunctionInfo) -> list[FunctionInfo]:
        """Return the function and all of the program's that it calls, on the same thread."""
        found: dict[FunctionInfo, None] = {}
        waiting = [function]
        while waiting:
            current = waiting.pop()
            if current not in found:
                found[current] = None
                waiting.extend(self._callees(current))
        return list(found)

    def _callees(self, function: FunctionInfo) -> list[FunctionInfo]:
        """Return what the function calls of the program, without what it gives a thread of its own."""
        if function not in self._known_callees:
            called = self._known_callees[function] = []
            for call in function.calls():
                api = self._calls.api_of(call, function)
                if api is None or not api.act & Act.START_THREAD:
                    called.extend(self._calls.callees(call, function))
        return self._known_callees[function]

    def worker_of(self, function: FunctionInfo) -> Worker | None:
        """Return the thread of its own on which the function runs, if it may run on one."""
        scope: FunctionInfo | None = function
        while scope is not None:
            if scope in self._worker_of:
                return self._worker_of[scope]
            if scope.enclosing is None or scope.kind != "lambda":
                return None
            scope = scope.enclosing
        return None


def _begins_program(function: FunctionInfo) -> bool:
    if function.unit.language is Language.CPP:
        return function.name == "main" and function.owner is None
    return function.kind is FunctionKind.MODULE and any(
        isinstance(part, Name) and part.identifier == "__name__" for part in function.expressions()
    )
