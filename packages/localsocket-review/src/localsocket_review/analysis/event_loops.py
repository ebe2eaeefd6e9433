"""Which functions an event loop runs, and so must not wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.connections import Connections
from localsocket_review.analysis.inference import Inference
from localsocket_review.analysis.names import Names
from localsocket_review.analysis.threads import Threads
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import ClassInfo, FunctionInfo
from localsocket_review.model.expressions import Call
from localsocket_review.model.place import Place
from localsocket_review.model.program import Program
from localsocket_review.model.unit import Language

_WINDOWS = frozenset({"QWidget", "QDialog", "QMainWindow", "QQuickItem", "QWindow", "QAbstractItemModel"})
_TESTING = frozenset({"QTEST_MAIN", "QTEST_GUILESS_MAIN", "QTEST_APPLESS_MAIN", "QVERIFY", "QCOMPARE", "QTRY_VERIFY"})
# Where gevent has taken the place of what waits, nothing that waits holds up the others.
_PATCHING = frozenset({"patch_all", "patch_socket", "patch_time"})


@dataclass(frozen=True, slots=True)
class LoopFunction:
    """A function that an event loop runs, the place that says so, and which loop it is."""

    function: FunctionInfo
    place: Place
    label: str


class EventLoops:
    """Finds what runs on an event loop: coroutines, asyncio's callbacks, Qt's slots and what windows do."""

    def __init__(
        self,
        program: Program,
        names: Names,
        inference: Inference,
        calls: ProgramCalls,
        connections: Connections,
        threads: Threads,
    ) -> None:
        self._program = program
        self._names = names
        self._inference = inference
        self._calls = calls
        self._connections = connections
        self._threads = threads
        self._moved = set(self._moved_classes())
        self._turns: dict[FunctionInfo, LoopFunction] = {}
        for turn in self._find():
            for function in self._on_the_same_thread(turn.function):
                self._turns.setdefault(function, LoopFunction(function, turn.place, turn.label))

    def turn_of(self, function: FunctionInfo) -> LoopFunction | None:
        """Return how an event loop comes to run the function, if it does."""
        return self._turns.get(function)

    def _find(self) -> Iterator[LoopFunction]:
        for function in self._program.functions:
            label = self._label(function)
            if label and self._threads.worker_of(function) is None:
                yield LoopFunction(function, function.place, label)
        yield from self._called_back()
        for connection in self._connections.all:
            for target in connection.targets:
                if target.owner not in self._moved and self._threads.worker_of(target) is None:
                    yield LoopFunction(target, connection.place, "Qt's event loop")

    def _called_back(self) -> Iterator[LoopFunction]:
        """Yield what is handed to a framework, or decorated for it, to be called on the thread of its loop."""
        is_patched = any(not _PATCHING.isdisjoint(unit.identifiers) for unit in self._program.units)
        for site in self._calls.sites(Act.CALL_BACK):
            target = site.argument("target")
            if target is None or (is_patched and site.api.name.startswith("gevent.")):
                continue
            for function in self._calls.functions_named_by(target, site.function):
                if self._threads.worker_of(function) is None:
                    yield LoopFunction(function, site.place, "the event loop")

    def _label(self, function: FunctionInfo) -> str:
        if function.is_async or self._is_decorated(function):
            return "the event loop"
        owner = function.owner
        if owner is None or owner in self._moved or _is_test(owner, function):
            return ""
        is_slot = function.unit.language is Language.CPP and "slots" in function.section
        if is_slot and not self._is_only_called(function):
            return "Qt's event loop"
        lineage = self._inference.class_lineage(owner)
        if not _WINDOWS.isdisjoint(lineage):
            return "the thread of the windows"
        in_loop = self._calls.tables.in_loop
        return "the event loop" if any(f"{base}.{function.name}" in in_loop for base in lineage) else ""

    def _is_decorated(self, function: FunctionInfo) -> bool:
        for decorator in function.decorators:
            called = decorator.function if isinstance(decorator, Call) else decorator
            if self._names.external(called, function.enclosing or function) in self._calls.tables.in_loop:
                return True
        return False

    def _is_only_called(self, function: FunctionInfo) -> bool:
        """Say whether the program calls a slot as it does any function, and connects nothing to it."""
        return any(not site.is_handed_on for site in self._calls.callers(function)) and not any(
            connection.slot_name == function.name for connection in self._connections.all
        )

    def _on_the_same_thread(self, function: FunctionInfo) -> Iterator[FunctionInfo]:
        for found in self._threads.reachable(function):
            if found is function or not found.is_async:
                yield found

    def _moved_classes(self) -> Iterator[ClassInfo]:
        """Yield the classes of the program whose objects are given a thread of their own."""
        for function in self._program.functions:
            for call in function.calls():
                if call.called_name == "moveToThread" and call.receiver is not None:
                    name = self._inference.type_of(call.receiver, function)
                    found = self._program.class_named(name, function.unit) if name else None
                    if found is not None:
                        yield found


def _is_test(owner: ClassInfo, function: FunctionInfo) -> bool:
    """Say whether the class is one of Qt's tests, whose slots drive an event loop of their own."""
    return any(not _TESTING.isdisjoint(unit.identifiers) for unit in (owner.unit, function.unit))
