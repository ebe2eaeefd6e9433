"""Qt's connections of signals to what they call, in each of their spellings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Attribute, Call, Expression, Literal, Name, This, dotted, strip_casts
from localsocket_review.model.place import Place
from localsocket_review.model.program import Program, last_word

_KINDS = ("AutoConnection", "DirectConnection", "QueuedConnection", "BlockingQueuedConnection", "UniqueConnection")


@dataclass(frozen=True, slots=True, eq=False)
class SignalConnection:
    """A signal of `sender` and what it calls. `context` is the object in whose thread the slot runs, if one is named.

    `kind` is the connection type where it is written; `by_text` means the SIGNAL() and SLOT() of old.
    """

    call: Call
    function: FunctionInfo
    sender: Expression
    signal: str
    context: Expression | None
    slot: Expression | None
    slot_name: str
    targets: tuple[FunctionInfo, ...]
    kind: str = ""
    by_text: bool = False

    @property
    def place(self) -> Place:
        return self.call.place


class Connections:
    """Every connection that the program makes."""

    def __init__(self, program: Program, calls: ProgramCalls) -> None:
        self._calls = calls
        self.all = [
            connection
            for function in program.functions
            for call in function.calls()
            if call.called_name == "connect" and (connection := self._read(call, function)) is not None
        ]

    def to_slot(self, name: str) -> list[SignalConnection]:
        return self._by_slot.get(name, [])

    @cached_property
    def _by_slot(self) -> dict[str, list[SignalConnection]]:
        found: defaultdict[str, list[SignalConnection]] = defaultdict(list)
        for connection in self.all:
            found[connection.slot_name].append(connection)
        return dict(found)

    def of_signal(self, *signals: str) -> Iterator[SignalConnection]:
        yield from (connection for connection in self.all if connection.signal in signals)

    def _read(self, call: Call, function: FunctionInfo) -> SignalConnection | None:
        if function.unit.language == "python":
            return self._read_python(call, function)
        if len(call.arguments) < 3:
            return None
        sender, signal, *rest = call.arguments
        kind = next((last_word(dotted(one)) for one in rest if last_word(dotted(one)) in _KINDS), "")
        rest = [one for one in rest if last_word(dotted(one)) not in _KINDS]
        context = rest[0] if len(rest) > 1 else None
        slot = rest[-1] if rest else None
        by_text = isinstance(signal, Call) and signal.called_name == "SIGNAL"
        if by_text and context is None and isinstance(slot, Call):
            context = This(call.place)
        return self._connection(call, function, sender, _name_of(signal), context, slot, kind, by_text)

    def _read_python(self, call: Call, function: FunctionInfo) -> SignalConnection | None:
        """`socket.readyRead.connect(self.on_ready_read)`."""
        if not isinstance(call.function, Attribute) or not isinstance(call.function.value, Attribute):
            return None
        signal = call.function.value
        kind = next((last_word(dotted(one)) for one in call.arguments[1:]), "")
        slot = call.arguments[0] if call.arguments else None
        context = slot.value if isinstance(slot, Attribute) else None
        return self._connection(call, function, signal.value, signal.name, context, slot, kind, by_text=False)

    def _connection(
        self,
        call: Call,
        function: FunctionInfo,
        sender: Expression,
        signal: str,
        context: Expression | None,
        slot: Expression | None,
        kind: str,
        by_text: bool,
    ) -> SignalConnection:
        name = _name_of(slot) if slot is not None else ""
        targets: list[FunctionInfo] = []
        if by_text and context is not None:
            targets = self._calls.functions_named_by(Attribute(call.place, context, name), function)
        elif slot is not None:
            targets = self._calls.functions_named_by(slot, function)
        return SignalConnection(call, function, sender, signal, context, slot, name, tuple(targets), kind, by_text)


def _name_of(expression: Expression) -> str:
    """Return the bare name of a signal or slot: of `&Server::stop`, `SLOT(stop())`, `qOverload<int>(&Server::stop)`."""
    expression = strip_casts(expression)
    match expression:
        case Call(called_name="SIGNAL" | "SLOT", arguments=(Literal(value=str(text)),)):
            return text.partition("(")[0].strip()
        case Call(arguments=(only,)):
            return _name_of(only)
        case Name() | Attribute():
            return last_word(dotted(expression))
    return ""
