"""What a program does when a read gives nothing, because the peer has closed: whether it reads again for ever."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.control_flow import ControlFlow, FlowNode
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.analysis.sites import Site
from localsocket_review.analysis.standard_streams import is_standard_input
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Assignment,
    Attribute,
    Await,
    Binary,
    Call,
    Cast,
    Display,
    Expression,
    Literal,
    Name,
    Slice,
    Starred,
    Subscript,
    Unary,
    dotted,
    strip_casts,
    walk,
)
from localsocket_review.model.statements import Assign, Evaluate, Loop, Raise, Return, With, contains
from localsocket_review.model.unit import Language

_LEAVING = frozenset({"exit", "_exit", "quit", "abort", "qFatal", "err", "errx", "die", "fail", "terminate", "raise"})
# What only tells that the peer has gone.
_TELLING = re.compile(
    r"log|warn|print|debug|trace|perror|info|note|report|msg|message|puts|syslog|dbg|say|show|tell|notice|write|err$|error$"
    r"|count|set|mark|notify|free|sleep|wait|assert",
    re.IGNORECASE,
)
_LETTING_GO = frozenset(
    {
        "close",
        "shutdown",
        "disconnect",
        "disconnectFromServer",
        "deleteLater",
        "delete",
        "unregister",
        "remove",
        "removeOne",
        "removeAll",
        "discard",
        "pop",
        "remove_reader",
        "remove_handler",
        "erase",
        "cancel",
        "stop",
        "set",
        "clear",
        "feed_eof",
        "write_eof",
        "connection_lost",
        "eof_received",
        "epoll_ctl",
        "FD_CLR",
        "takeAt",
        "del",
    }
)
_SAME = frozenset({"decode", "strip", "rstrip", "lstrip", "trimmed", "tobytes", "lower", "upper", "data", "simplified"})
_LENGTHS = frozenset({"len", "size", "length", "count", "strlen", "int", "bytes", "str", "bytearray", "memoryview"})
_UNBOUND = frozenset(f"{kind}.{method}" for kind in ("bytes", "str") for method in _SAME)  # `bytes.decode(data)`
_WITH_ENCODING = 2  # arguments of `str(data, "utf-8")`
_PASSING = frozenset({"wait_for", "shield"})  # asyncio's: they give what they are given
_WRITING = frozenset({"write", "fwrite", "send"})  # they give how much they have written: of nothing, nothing
_CLOCKS = frozenset({"elapsed", "hasExpired", "remainingTime", "monotonic", "perf_counter", "time", "clock_gettime"})
_WAITING_FOR_OTHERS = frozenset({"get", "wait", "acquire", "join", "input"})
_ENDED = frozenset({"at_eof", "atEnd", "isEmpty", "isNull", "empty", "is_closing"})
_STARTING = frozenset({"startswith", "endswith", "startsWith", "endsWith", "contains"})
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_SOMETHING = 1 << 20  # stands for every size and text that is not nothing


class Endings:
    """Runs a loop in thought, with nothing as the result of the read."""

    def __init__(self, names: Names, calls: ProgramCalls, flow_of: Callable[[FunctionInfo], ControlFlow]) -> None:
        self._names = names
        self._calls = calls
        self._flow_of = flow_of

    def endless(self, read: Call, function: FunctionInfo) -> Loop | None:
        """Return the loop in which the read is done again and again although it gives nothing."""
        loops = [loop for loop in _endless_kinds(function) if contains([loop], read) and not _watches_clock(loop)]
        return loops[-1] if loops and _Run(self, read, function, loops).comes_back() else None

    def may_give_nothing(self, read: Call, function: FunctionInfo) -> bool:
        """Say whether the function returns what the read gave when that is nothing."""
        return _Run(self, read, function, []).returns_nothing()

    def is_unheeded(self, read: Call, function: FunctionInfo) -> bool:
        """Say whether nothing in the function, nor in what it calls, looks whether the read gave anything."""
        return _Run(self, read, function, []).is_unheeded()

    def callees(self, call: Call, function: FunctionInfo) -> list[FunctionInfo]:
        return self._calls.callees(call, function)

    def flow(self, function: FunctionInfo) -> ControlFlow:
        return self._flow_of(function)

    def site(self, call: Call, function: FunctionInfo) -> Site | None:
        return self._calls.site(call, function)

    def lets_go(self, call: Call, function: FunctionInfo) -> bool:
        """Say whether a call closes something, or takes it out of what is looked after, itself or through a helper."""
        if call.called_name in _LETTING_GO or call.called_name in _LEAVING:
            return True
        return any(
            inner.called_name in _LETTING_GO | _LEAVING
            for callee in self._calls.callees(call, function)
            for inner in callee.calls()
        )

    def may_end(self, call: Call, function: FunctionInfo) -> bool:
        """Say whether a call, of a C function of which nothing is given, may be one that does not come back."""
        if function.unit.language is not Language.CPP or call.receiver is not None or call.called_name in _LEAVING:
            return False
        is_told = any(isinstance(argument, Literal) for argument in call.arguments)
        is_given = bool(self._calls.callees(call, function)) or self._calls.api_of(call, function) is not None
        return is_told and not is_given and not _TELLING.search(call.called_name)

    def variable(self, expression: Expression, function: FunctionInfo) -> Variable | None:
        return self._names.variable(expression, function)


class _Run:
    """One function, from a read that gives nothing."""

    def __init__(self, endings: Endings, read: Call, function: FunctionInfo, loops: list[Loop]) -> None:
        self._endings = endings
        self._read = read
        self._function = function
        self._flow = endings.flow(function)
        self._nothing: set[Variable] = set()
        self._find_nothing()
        self._asked = {
            variable
            for loop in loops
            if loop.test is not None
            for part in walk(loop.test)
            if (variable := self._variable(part)) is not None
        }
        site = endings.site(read, function)
        source = (site and site.socket) or read.receiver or next(iter(read.arguments), None)
        self._source = self._variable(source) if source is not None else None

    def comes_back(self) -> bool:
        return any(node is self._flow.node_of(self._read) for node in self._reached())

    def returns_nothing(self) -> bool:
        return any(
            isinstance(node.statement, Return)
            and node.statement.value is not None
            and self._number(node.statement.value) == 0
            for node in self._reached(with_start=True)
        )

    def is_unheeded(self) -> bool:
        return not any(map(self._heeds, self._reached(with_start=True)))

    def _heeds(self, node: FlowNode) -> bool:
        """Say whether something asks for what was read, lets go of a socket, or hands on what may ask or do so."""
        if isinstance(node.statement, Raise) or (node.guard is not None and self._truth(node.guard.test) is not None):
            return True
        if isinstance(node.statement, Return) and node.statement.value is not None:
            return True
        for part in (part for root in node.expressions for part in walk(root)):
            if not isinstance(part, Call) or part is self._read:
                continue
            if self._endings.lets_go(part, self._function):
                return True
            if self._endings.callees(part, self._function) and any(map(self._is_nothing, part.arguments)):
                return True
        return False

    def _is_nothing(self, expression: Expression) -> bool:
        return self._number(expression) == 0

    def _reached(self, *, with_start: bool = False) -> Iterator[FlowNode]:
        """Yield every node that is run after the read gave nothing."""
        start = self._flow.node_of(self._read)
        if start is None:
            return
        if with_start:
            yield start
        seen: set[tuple[int, frozenset[Variable]]] = set()
        waiting = [(node, frozenset(self._nothing)) for node in self._following(start)]
        while waiting:
            node, nothing = waiting.pop()
            if (node.index, nothing) in seen:
                continue
            seen.add((node.index, nothing))
            if node is start:
                yield node
                return
            self._nothing = set(nothing)
            if node.guard is not None and self._truth(node.guard.test) is (not node.guard.holds):
                continue
            if node.guard is not None and self._asks_header(node.guard.test):
                continue
            yield node
            if not self._is_end(node):
                self._take_anew(node)
                waiting.extend((after, frozenset(self._nothing)) for after in self._following(node))

    def _take_anew(self, node: FlowNode) -> None:
        """Forget of a variable that it holds nothing, where it is given what another call gives: `len = poll(…)`."""
        given = [(node.statement.target, node.statement.value)] if isinstance(node.statement, Assign) else []
        inside = (part for root in node.expressions for part in walk(root))
        given += [(part.target, part.value) for part in inside if isinstance(part, Assignment)]
        for target, value in given:
            if isinstance(value, Call) and value is not self._read and self._number(value) is None:
                variable = self._variable(target)
                if variable is not None:
                    self._nothing.discard(variable)

    def _asks_header(self, test: Expression) -> bool:
        """Say whether a condition asks what `recvmsg` wrote to its header, which tells of nothing as well."""
        if self._read.called_name != "recvmsg" or len(self._read.arguments) < 2:
            return False
        header = self._variable(strip_casts(self._read.arguments[1]))
        fields = (self._variable(part) for part in walk(test))
        return header is not None and any(one is not None and one.root == header for one in fields)

    def _following(self, node: FlowNode) -> list[FlowNode]:
        """Return what follows, the handlers of exceptions only where nothing raises one."""
        end = self._flow.graph.exit
        handlers = [after for after in node.successors if after is not end and _is_handler(node, after)]
        if self._raises(node):
            return handlers
        others = [after for after in node.successors if after not in handlers]
        return others or handlers

    def _raises(self, node: FlowNode) -> bool:
        """Say whether the node makes something of the nothing, which fails."""
        for root in node.expressions:
            for part in walk(root):
                site = self._endings.site(part, self._function) if isinstance(part, Call) else None
                if site is not None and site.api.act & (Act.PARSE | Act.UNPACK | Act.UNPICKLE):
                    data = site.argument("data")
                    if data is not None and self._number(data) == 0 and self._function.unit.assigning_declares:
                        return True
        return False

    def _is_end(self, node: FlowNode) -> bool:
        if isinstance(node.statement, Return | Raise):
            return True
        if isinstance(node.statement, Loop) and self._is_bounded(node.statement):
            return True
        if self._stands_alone(node):
            return True
        for part in (part for root in node.expressions for part in walk(root)):
            if isinstance(part, Call) and (_waits_for_others(part) or self._reads_other(part)):
                return True
            if isinstance(part, Call) and part is not self._read and self._endings.lets_go(part, self._function):
                return True
        if isinstance(node.statement, With):
            return any(
                taken is not None and isinstance(context, Call) and self._is_source(taken)
                for context, taken in node.statement.items
            )
        return isinstance(node.statement, Assign) and self._begins_anew(node.statement)

    def _reads_other(self, call: Call) -> bool:
        """Say whether the call waits for what another connection, or a person, sends."""
        if call is self._read or call.receiver is None:
            return False
        if call.called_name in ("read", "readline") and is_standard_input(call.receiver):
            return True
        site = self._endings.site(call, self._function)
        other = self._variable(call.receiver)
        waits = site is not None and bool(site.api.act & Act.RECEIVE) and not site.api.name.startswith("Q")
        return waits and None not in (other, self._source) and not self._is_source(call.receiver)

    def _stands_alone(self, node: FlowNode) -> bool:
        """Say whether all that is done about the end is a call of which nothing is known: it may not come back."""
        guards = [before.guard for before in node.predecessors]
        if not isinstance(node.statement, Evaluate) or not isinstance(node.statement.value, Call):
            return False
        is_about_end = any(one is not None and self._truth(one.test) is one.holds for one in guards)
        return is_about_end and self._endings.may_end(node.statement.value, self._function)

    def _is_bounded(self, loop: Loop) -> bool:
        """Say whether a loop over things, inside of the endless one, ends by itself, whatever the read gives."""
        if (loop.iterable is None and loop.step is None) or not contains([loop], self._read):
            return False
        changed = [part for one in (loop.target, loop.step) if one is not None for part in walk(one)]
        each = {variable for part in changed if (variable := self._variable(part)) is not None}
        return not any(self._variable(part) in each for one in self._sources() for part in walk(one))

    def _sources(self) -> Iterator[Expression]:
        """Yield what is read from, and what it was taken out of: `events[i].data.fd`."""
        read_from = self._read.receiver or (self._read.arguments[0] if self._read.arguments else None)
        if read_from is None:
            return
        yield read_from
        for statement in self._function.statements() if self._source is not None else ():
            if isinstance(statement, Assign) and self._variable(statement.target) == self._source:
                yield from (value for value in (statement.value,) if value is not None)

    def _begins_anew(self, statement: Assign) -> bool:
        """Say whether another socket is taken, or what the loop asks for is set."""
        variable = self._variable(statement.target)
        targets = statement.target.items if isinstance(statement.target, Display) else (statement.target,)
        is_flag = variable is not None and variable in self._asked
        if is_flag and (isinstance(statement.value, Literal) or self._is_known_comparison(statement.value)):
            return True
        value = statement.value.value if isinstance(statement.value, Await) else statement.value
        if not isinstance(value, Call) or value is self._read or self._source is None:
            return False
        return any(map(self._is_source, targets))

    def _is_source(self, target: Expression) -> bool:
        """Say whether this is what is read from, or what holds it."""
        found = self._variable(target)
        return found is not None and self._source is not None and found.root == self._source.root

    def _is_known_comparison(self, value: Expression | None) -> bool:
        """Say whether a flag is set by what was read: `done = count < size`."""
        return isinstance(value, Binary) and value.operator in _FLIPPED and self._truth(value) is not None

    # --- what is nothing ------------------------------------------------------------------------------------------

    def _find_nothing(self) -> None:
        """Find the variables that hold nothing once the read gave nothing."""
        for _ in range(2):
            for statement in self._function.statements():
                if isinstance(statement, Assign) and statement.operator == "=" and statement.value is not None:
                    target: Expression | None = statement.target
                    if isinstance(target, Display):
                        target = target.items[0] if target.items else None
                    if target is not None and self._number(statement.value) == 0:
                        self._add(target, statement.value)
            for part in self._function.expressions():
                if isinstance(part, Assignment) and self._number(part.value) == 0:
                    self._add(part.target, part.value)

    def _add(self, target: Expression, value: Expression) -> None:
        variable = self._variable(target)
        if variable is not None and not isinstance(value, Literal):
            self._nothing.add(variable)

    def _variable(self, expression: Expression) -> Variable | None:
        if not isinstance(expression, Name | Attribute):
            return None
        return self._endings.variable(expression, self._function)

    def _number(self, expression: Expression) -> int | None:
        """Return the value, 0 for what is empty, `_SOMETHING` for a text or size that is not; None if nobody knows."""
        match expression:
            case Cast(value=value) | Await(value=value) | Starred(value=value) | Assignment(value=value):
                return self._number(value)
            case Call():
                return self._of_call(expression)
            case Name() | Attribute():
                return 0 if self._variable(expression) in self._nothing else None
            case Literal(value=bool() | None):
                return None
            case Literal(value=int(number)):
                return number
            case Literal(value=str() | bytes() as text):
                return _SOMETHING if text else 0
            case Subscript(index=Slice(parts=(*_, last))):
                return 0 if self._number(last) == 0 else None
            case Unary(operator="-", operand=Literal(value=int(number))):
                return -number
        return None

    def _of_call(self, call: Call) -> int | None:
        if call is self._read:
            return 0
        if call.called_name == "sizeof":
            return _SOMETHING
        if call.called_name == "bytesAvailable" and self._read.called_name == "waitForReadyRead":
            is_same = call.receiver is not None and self._variable(call.receiver) == self._source
            return 0 if is_same and self._source is not None else None
        if call.called_name in _WRITING and any(self._number(one) == 0 for one in call.arguments if _is_size(one)):
            return 0
        if call.called_name in _PASSING and call.arguments:
            return self._number(call.arguments[0])
        if dotted(call.function) in _UNBOUND and call.arguments:
            return self._number(call.arguments[0])
        if call.receiver is not None and call.called_name in _SAME | _LENGTHS:
            found = self._number(call.receiver)
            return found if found == 0 else None
        if call.called_name in _LENGTHS and 0 < len(call.arguments) <= _WITH_ENCODING:
            return 0 if self._number(call.arguments[0]) == 0 else None
        return None

    def _truth(self, test: Expression) -> bool | None:
        match test:
            case Unary(operator="not", operand=operand):
                found = self._truth(operand)
                return None if found is None else not found
            case Binary(operator="and" | "or" as operator, left=left, right=right):
                sides = (self._truth(left), self._truth(right))
                decisive = operator == "or"
                if decisive in sides:
                    return decisive
                return None if None in sides else not decisive
            case Binary(operator=operator, left=left, right=right):
                return self._compared(operator, left, right)
            case Call(called_name=name) if name in _ENDED:
                asked = self._number(test.receiver) if test.receiver is not None else None
                return True if name in ("at_eof", "atEnd", "is_closing") or asked == 0 else None
            case Call(called_name=name) if name in _STARTING and test.receiver is not None:
                return False if self._number(test.receiver) == 0 else None
            case Call(called_name="isinstance", arguments=(asked, kind)) if self._number(asked) == 0:
                return True if any(dotted(part) in ("bytes", "str") for part in walk(kind)) else None
            case Literal(value=value):
                return bool(value)
        number = self._number(test)
        return None if number is None else bool(number)

    def _compared(self, operator: str, left: Expression, right: Expression) -> bool | None:
        if operator in ("in", "not in"):
            found = self._contained(left, right)
            return None if found is None else found is (operator == "in")
        if operator in ("is", "is not"):
            return operator == "is not" if self._number(left) == 0 and _is_none(right) else None
        if (state := _state_asked(left, right)) is not None:
            return state is (operator == "==")
        one, other = self._number(left), self._number(right)
        if one is None and other == 0 and operator in _FLIPPED:
            one, other, operator = other, one, _FLIPPED[operator]
        if one is None or (other is None and one != 0):
            return None
        if other is None:
            return True if operator in ("!=", "<") else False if operator in ("==", ">") else None
        return _COMPARE[operator](one, other) if operator in _COMPARE else None

    def _contained(self, item: Expression, container: Expression) -> bool | None:
        if self._number(container) == 0:
            return False
        if self._number(item) == 0 and isinstance(container, Display):
            return any(self._number(one) == 0 for one in container.items)
        return None


_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "==": int.__eq__,
    "!=": int.__ne__,
    "<": int.__lt__,
    "<=": int.__le__,
    ">": int.__gt__,
    ">=": int.__ge__,
}


def _state_asked(left: Expression, right: Expression) -> bool | None:
    """Say what `socket->state() == …` is once the peer has closed."""
    if not isinstance(left, Call) or left.called_name != "state":
        return None
    name = getattr(right, "name", getattr(right, "identifier", ""))
    return {"ConnectedState": False, "UnconnectedState": True}.get(name)


def _waits_for_others(call: Call) -> bool:
    """Say whether a round waits for something else than the read: a queue, an event, a person."""
    return call.called_name in _WAITING_FOR_OTHERS and not call.arguments


def _watches_clock(loop: Loop) -> bool:
    """Say whether the loop ends when its time has passed, whatever the read gives."""
    parts = walk(loop.test) if loop.test is not None else ()
    return any(isinstance(part, Call) and part.called_name in _CLOCKS for part in parts)


def _is_size(expression: Expression) -> bool:
    return isinstance(strip_casts(expression), Name | Attribute)


def _is_none(expression: Expression) -> bool:
    return isinstance(expression, Literal) and expression.value is None


def _is_handler(node: FlowNode, after: FlowNode) -> bool:
    """Say whether an edge leads to where exceptions are caught, which only statements do."""
    return node.guard is None and after.statement is None and not after.expressions and after.guard is None


def _endless_kinds(function: FunctionInfo) -> list[Loop]:
    """Return the loops that a condition alone ends, outer ones first."""
    return [
        statement
        for statement in function.statements()
        if isinstance(statement, Loop) and statement.iterable is None and statement.step is None
    ]
