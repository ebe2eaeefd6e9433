"""What a program does when a read gives nothing, because the peer has closed: whether it reads again for ever."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.control_flow import ControlFlow, FlowNode
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.analysis.nothing_read import FLIPPED, NothingRead
from localsocket_review.analysis.sites import Site
from localsocket_review.analysis.standard_streams import is_standard_input
from localsocket_review.apis.meaning import Act
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Assignment,
    Await,
    Binary,
    Call,
    Display,
    Expression,
    Literal,
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
_CLOCKS = frozenset({"elapsed", "hasExpired", "remainingTime", "monotonic", "perf_counter", "time", "clock_gettime"})
_WAITING_FOR_OTHERS = frozenset({"get", "wait", "acquire", "join", "input"})


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

    def nothing(self, read: Call, function: FunctionInfo, source: Expression | None) -> NothingRead:
        return NothingRead(self._names, read, function, source)


class _Run:
    """One function, from a read that gives nothing."""

    def __init__(self, endings: Endings, read: Call, function: FunctionInfo, loops: list[Loop]) -> None:
        self._endings = endings
        self._read = read
        self._function = function
        self._flow = endings.flow(function)
        site = endings.site(read, function)
        source = (site and site.socket) or read.receiver or next(iter(read.arguments), None)
        self._nothing = endings.nothing(read, function, source)
        self._asked = {
            variable
            for loop in loops
            if loop.test is not None
            for part in walk(loop.test)
            if (variable := self._nothing.variable(part)) is not None
        }

    def comes_back(self) -> bool:
        return any(node is self._flow.node_of(self._read) for node in self._reached())

    def returns_nothing(self) -> bool:
        return any(
            isinstance(node.statement, Return)
            and node.statement.value is not None
            and self._nothing.number(node.statement.value) == 0
            for node in self._reached(with_start=True)
        )

    def is_unheeded(self) -> bool:
        return not any(map(self._heeds, self._reached(with_start=True)))

    def _heeds(self, node: FlowNode) -> bool:
        """Say whether something asks for what was read, lets go of a socket, or hands on what may ask or do so."""
        if isinstance(node.statement, Raise) or (
            node.guard is not None and self._nothing.truth(node.guard.test) is not None
        ):
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
        return self._nothing.number(expression) == 0

    def _reached(self, *, with_start: bool = False) -> Iterator[FlowNode]:
        """Yield every node that is run after the read gave nothing."""
        start = self._flow.node_of(self._read)
        if start is None:
            return
        if with_start:
            yield start
        seen: set[tuple[int, frozenset[Variable]]] = set()
        waiting = [(node, frozenset(self._nothing.held_by)) for node in self._following(start)]
        while waiting:
            node, nothing = waiting.pop()
            if (node.index, nothing) in seen:
                continue
            seen.add((node.index, nothing))
            if node is start:
                yield node
                return
            self._nothing.held_by = set(nothing)
            if node.guard is not None and self._nothing.truth(node.guard.test) is (not node.guard.holds):
                continue
            if node.guard is not None and self._asks_header(node.guard.test):
                continue
            yield node
            if not self._is_end(node):
                self._take_anew(node)
                waiting.extend((after, frozenset(self._nothing.held_by)) for after in self._following(node))

    def _take_anew(self, node: FlowNode) -> None:
        """Forget of a variable that it holds nothing, where it is given what another call gives: `len = poll(…)`."""
        given = [(node.statement.target, node.statement.value)] if isinstance(node.statement, Assign) else []
        inside = (part for root in node.expressions for part in walk(root))
        given += [(part.target, part.value) for part in inside if isinstance(part, Assignment)]
        for target, value in given:
            if isinstance(value, Call) and value is not self._read and self._nothing.number(value) is None:
                variable = self._nothing.variable(target)
                if variable is not None:
                    self._nothing.held_by.discard(variable)

    def _asks_header(self, test: Expression) -> bool:
        """Say whether a condition asks what `recvmsg` wrote to its header, which tells of nothing as well."""
        if self._read.called_name != "recvmsg" or len(self._read.arguments) < 2:
            return False
        header = self._nothing.variable(strip_casts(self._read.arguments[1]))
        fields = (self._nothing.variable(part) for part in walk(test))
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
                    if data is not None and self._nothing.number(data) == 0 and self._function.unit.assigning_declares:
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
        other = self._nothing.variable(call.receiver)
        waits = site is not None and bool(site.api.act & Act.RECEIVE) and not site.api.name.startswith("Q")
        return waits and None not in (other, self._nothing.source) and not self._is_source(call.receiver)

    def _stands_alone(self, node: FlowNode) -> bool:
        """Say whether all that is done about the end is a call of which nothing is known: it may not come back."""
        guards = [before.guard for before in node.predecessors]
        if not isinstance(node.statement, Evaluate) or not isinstance(node.statement.value, Call):
            return False
        is_about_end = any(one is not None and self._nothing.truth(one.test) is one.holds for one in guards)
        return is_about_end and self._endings.may_end(node.statement.value, self._function)

    def _is_bounded(self, loop: Loop) -> bool:
        """Say whether a loop over things, inside of the endless one, ends by itself, whatever the read gives."""
        if (loop.iterable is None and loop.step is None) or not contains([loop], self._read):
            return False
        changed = [part for one in (loop.target, loop.step) if one is not None for part in walk(one)]
        each = {variable for part in changed if (variable := self._nothing.variable(part)) is not None}
        return not any(self._nothing.variable(part) in each for one in self._sources() for part in walk(one))

    def _sources(self) -> Iterator[Expression]:
        """Yield what is read from, and what it was taken out of: `events[i].data.fd`."""
        read_from = self._read.receiver or (self._read.arguments[0] if self._read.arguments else None)
        if read_from is None:
            return
        yield read_from
        for statement in self._function.statements() if self._nothing.source is not None else ():
            if isinstance(statement, Assign) and self._nothing.variable(statement.target) == self._nothing.source:
                yield from (value for value in (statement.value,) if value is not None)

    def _begins_anew(self, statement: Assign) -> bool:
        """Say whether another socket is taken, or what the loop asks for is set."""
        variable = self._nothing.variable(statement.target)
        targets = statement.target.items if isinstance(statement.target, Display) else (statement.target,)
        is_flag = variable is not None and variable in self._asked
        if is_flag and (isinstance(statement.value, Literal) or self._is_known_comparison(statement.value)):
            return True
        value = statement.value.value if isinstance(statement.value, Await) else statement.value
        if not isinstance(value, Call) or value is self._read or self._nothing.source is None:
            return False
        return any(map(self._is_source, targets))

    def _is_source(self, target: Expression) -> bool:
        """Say whether this is what is read from, or what holds it."""
        found = self._nothing.variable(target)
        return found is not None and self._nothing.source is not None and found.root == self._nothing.source.root

    def _is_known_comparison(self, value: Expression | None) -> bool:
        """Say whether a flag is set by what was read: `done = count < size`."""
        return isinstance(value, Binary) and value.operator in FLIPPED and self._nothing.truth(value) is not None


def _waits_for_others(call: Call) -> bool:
    """Say whether a round waits for something else than the read: a queue, an event, a person."""
    return call.called_name in _WAITING_FOR_OTHERS and not call.arguments


def _watches_clock(loop: Loop) -> bool:
    """Say whether the loop ends when its time has passed, whatever the read gives."""
    parts = walk(loop.test) if loop.test is not None else ()
    return any(isinstance(part, Call) and part.called_name in _CLOCKS for part in parts)


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
