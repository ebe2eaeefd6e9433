"""Which functions an event loop runs, and so must not wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.connections import Connections
from localsocket_review.analysis.inference import Inference
from localsocket_review.analysis.threads import Threads
from localsocket_review.model.declarations import ClassInfo, FunctionInfo
from localsocket_review.model.place import Place
from localsocket_review.model.program import Program
from localsocket_review.model.unit import Language

_WINDOWS = frozenset({"QWidget", "QDialog", "QMainWindow", "QQuickItem", "QWindow", "QAbstractItemModel"})
_PROTOCOLS = frozenset({"asyncio.BaseProtocol", "asyncio.Protocol", "asyncio.DatagramProtocol"})
_TESTING = frozenset({"QTEST_MAIN", "QTEST_GUILESS_MAIN", "QTEST_APPLESS_MAIN", "QVERIFY", "QCOMPARE", "QTRY_VERIFY"})
_CALLED_BY_ASYNCIO = frozenset(
    {"connection_made", "connection_lost", "data_received", "eof_received", "pause_writing", "resume_writing"}
)


@dataclass(frozen=True, slots=True)
class LoopFunction:
    """A function that an event loop runs, the place that says so, and which loop it is."""

    function: FunctionInfo
    place: Place
    label: str


class EventLoops:
    """Finds what runs on an event loop: coroutines, asyncio's callbacks, Qt's slots and what windows do."""

    def __init__(
        self, program: Program, inference: Inference, calls: ProgramCalls, connections: Connections, threads: Threads
    ) -> None:
        self._program = program
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
        for connection in self._connections.all:
            for target in connection.targets:
                if target.owner not in self._moved and self._threads.worker_of(target) is None:
                    yield LoopFunction(target, connection.place, "Qt's event loop")

    def _label(self, function: FunctionInfo) -> str:
        if function.is_async:
            return "the event loop"
        owner = function.owner
        if owner is None or owner in self._moved or _is_test(owner, function):
            return ""
        is_slot = function.unit.language is Language.CPP and "slots" in function.section
        if is_slot and not self._is_only_called(function):
            return "Qt's event loop"
        lineage = set(self._inference.class_lineage(owner))
        if lineage & _WINDOWS:
            return "the thread of the windows"
        return "the event loop" if lineage & _PROTOCOLS and function.name in _CALLED_BY_ASYNCIO else ""

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
