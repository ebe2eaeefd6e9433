"""What C code does with a descriptor: who gives one, who only uses it, and who closes it, keeps it or hands it on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.names import Names, Variable
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Assignment,
    Attribute,
    Binary,
    Call,
    Cast,
    Expression,
    Literal,
    Name,
    Subscript,
    Unary,
    dotted,
    strip_casts,
    walk,
)
from localsocket_review.model.statements import Assign, Return
from localsocket_review.model.unit import Unit

_OPENING = frozenset({"socket", "accept", "accept4", "open", "openat", "open64", "creat", "dup", "epoll_create1"})
_OPENING |= {"epoll_create", "eventfd", "timerfd_create", "signalfd", "memfd_create", "inotify_init", "inotify_init1"}
# What uses a descriptor and leaves it open and with whoever has it.
_BORROWING = frozenset(
    {
        "bind",
        "listen",
        "connect",
        "accept",
        "accept4",
        "recv",
        "recvfrom",
        "recvmsg",
        "read",
        "readv",
        "pread",
        "send",
        "sendto",
        "sendmsg",
        "sendmmsg",
        "write",
        "writev",
        "pwrite",
        "setsockopt",
        "getsockopt",
        "getsockname",
        "getpeername",
        "getpeereid",
        "fstat",
        "fchmod",
        "fchown",
        "fcntl",
        "ioctl",
        "shutdown",
        "lseek",
        "fsync",
        "ftruncate",
        "dup",
        "dup2",
        "dup3",
        "isatty",
        "poll",
        "select",
        "fdatasync",
        "fchdir",
        "mmap",
        "sendfile",
        "htonl",
        "printf",
        "fprintf",
        "snprintf",
        "sprintf",
        "syslog",
        "dprintf",
        "perror",
        "warn",
        "warnx",
        "assert",
        "__builtin_expect",
        "likely",
        "unlikely",
        "G_LIKELY",
        "G_UNLIKELY",
        "Q_LIKELY",
        "Q_UNLIKELY",
        "evutil_make_socket_nonblocking",
    }
)
_LOCKING = frozenset({"F_SETLK", "F_SETLKW", "F_OFD_SETLK", "F_OFD_SETLKW", "F_LOCK", "F_TLOCK"})
_PLAIN_TYPES = frozenset({"int", "auto", "evutil_socket_t", "SOCKET"})
_CLOSED_BY_ITSELF = re.compile(r"cleanup|auto_?(?:fd|close)|\bstatic\b|\bextern\b|\bthread_local\b", re.IGNORECASE)
_ENDS_STATEMENT = re.compile(r"[;{}]\s*(?:/[/*].*)?$")
_LONGEST_DECLARATION = 8  # lines; where no statement ends for so long it is a comment, say
# The words of macros that stand for no descriptor; what a helper of the program gives in place of one is named so too.
_INVALID = re.compile(r"(?:[A-Z\d]+_)*(?:INVALID_(?:SOCKET|FD|HANDLE)|NO_FD|ERR|ERROR|FAIL|FAILED|FAILURE)")
_DEEPEST = 3


class DescriptorUse(Enum):
    NEUTRAL = auto()
    GONE = auto()  # closed, stored or handed on
    SET = auto()  # it is given a value
    ROOT = auto()  # the statement decides


class DescriptorUses:
    """Reads what becomes of descriptors, also in the functions of the program that they are given to."""

    def __init__(self, names: Names, calls: ProgramCalls) -> None:
        self._names = names
        self._calls = calls

    def opens(self, call: Call, function: FunctionInfo, depth: int = 0) -> bool:
        """Say whether the call gives a descriptor that nobody else has: by itself, or as a helper that opened it."""
        if call.called_name in _OPENING:
            return call.receiver is None and not self._calls.callees(call, function)
        callees = self._calls.callees(call, function)
        return len(callees) == 1 and depth < _DEEPEST and self._gives_new(callees[0], depth)

    def _gives_new(self, helper: FunctionInfo, depth: int) -> bool:
        results = [one.value for one in helper.statements() if isinstance(one, Return) and one.value is not None]
        given = [strip_casts(one) for one in results if not is_invalid(one)]
        return bool(given) and all(self._is_new(one, helper, depth) for one in given)

    def _is_new(self, result: Expression, helper: FunctionInfo, depth: int) -> bool:
        if isinstance(result, Call):
            return self.opens(result, helper, depth + 1)
        if not isinstance(result, Name):
            return False
        variable = self._names.variable(result, helper)
        if variable is None or not is_plain_local(variable, helper):
            return False
        values = [
            strip_casts(value)
            for target, value in helper.assignments()
            if self._names.variable(target, helper) == variable and not is_invalid(value)
        ]
        return bool(values) and all(isinstance(one, Call) and self.opens(one, helper, depth + 1) for one in values)

    def is_variable(self, expression: Expression, variable: Variable, function: FunctionInfo) -> bool:
        return isinstance(expression, Name) and self._names.variable(expression, function) == variable

    def is_field(self, expression: Expression, variable: Variable, function: FunctionInfo) -> bool:
        return isinstance(expression, Attribute) and self._names.variable(expression, function) == variable

    def borrows(self, call: Call, position: int, function: FunctionInfo, depth: int = 0) -> bool:
        """Say whether a call leaves the descriptor that it is given with its caller, open."""
        words = {getattr(part, "identifier", "") for argument in call.arguments for part in walk(argument)}
        if words & _LOCKING or call.called_name == "flock":
            return False  # it holds a lock until the program ends
        callees = self._calls.callees(call, function)
        is_known = call.called_name in _BORROWING and call.receiver is None
        if not callees or (is_known and all(one.unit is not function.unit for one in callees)):
            return is_known
        return depth < _DEEPEST and all(self._only_uses(one, position, depth) for one in callees)

    def _only_uses(self, callee: FunctionInfo, position: int, depth: int) -> bool:
        if position >= len(callee.parameters) or callee.is_constructor or callee.body is None or callee.nested:
            return False
        variable = Variable(callee, callee.parameters[position].name)
        return all(
            self.use_of(part, above, callee, depth + 1) is DescriptorUse.NEUTRAL
            for root in (root for statement in callee.statements() for root in statement.expressions())
            for part, above in with_those_above(root)
            if self.is_variable(part, variable, callee)
        ) and not any(
            isinstance(one, Return) and one.value is not None and strip_casts(one.value) is part
            for one in callee.statements()
            for part in callee.expressions()
            if self.is_variable(part, variable, callee)
        )

    def use_of(
        self, part: Expression, above: list[Expression], function: FunctionInfo, depth: int = 0
    ) -> DescriptorUse:
        """Say what becomes of the descriptor where it is named; `above` are the expressions around, innermost last."""
        outer = next((one for one in reversed(above) if not isinstance(one, Cast)), None)
        inside = above[above.index(outer) + 1] if outer is not None and above[-1] is not outer else part
        match outer:
            case None:
                return DescriptorUse.ROOT
            case Binary() | Unary(operator="not" | "-" | "~"):
                return DescriptorUse.NEUTRAL
            case Assignment(target=target, value=value):
                return DescriptorUse.GONE if value is inside and target is not inside else DescriptorUse.SET
            case Call(called_name="sizeof"):
                return DescriptorUse.NEUTRAL
            case Call(called_name="FD_SET" | "FD_CLR" | "FD_ISSET") if _is_set_of_one_call(outer, function):
                return DescriptorUse.NEUTRAL
            case Call() if inside in outer.arguments:
                at = outer.arguments.index(inside)
                return DescriptorUse.NEUTRAL if self.borrows(outer, at, function, depth) else DescriptorUse.GONE
        return DescriptorUse.GONE


def with_those_above(root: Expression) -> Iterator[tuple[Expression, list[Expression]]]:
    waiting: list[tuple[Expression, list[Expression]]] = [(root, [])]
    while waiting:
        part, above = waiting.pop()
        yield part, above
        waiting.extend((inner, [*above, part]) for inner in part.children())


def is_invalid(expression: Expression) -> bool:
    """Say whether this is what stands for no descriptor: -1, a negative error, INVALID_SOCKET, NET_ERR."""
    match strip_casts(expression):
        case Unary(operator="-"):
            return True
        case Name(identifier=name):
            return _INVALID.fullmatch(name) is not None
        case Literal(value=int(number)):
            return number < 0
    return False


def is_plain_local(variable: Variable, function: FunctionInfo) -> bool:
    """Say whether the variable is a number on the stack that nothing closes by itself."""
    return _is_declared(variable, function, _PLAIN_TYPES)


def is_plain_array(variable: Variable, function: FunctionInfo) -> bool:
    """Say whether the variable is an array of numbers on the stack, whose elements are named each by its number."""
    return _is_declared(variable, function, frozenset({"int[]"})) and all(
        isinstance(part.index, Literal)
        for part in function.expressions()
        if isinstance(part, Subscript) and isinstance(part.value, Name) and part.value.identifier == variable.path
    )


def _is_declared(variable: Variable, function: FunctionInfo, types: frozenset[str]) -> bool:
    if variable.owner is not function or "." in variable.path:
        return False
    for statement in function.statements():
        match statement:
            case Assign(target=Name(identifier=name), type=declared) if declared and name == variable.path:
                written = _declaration(function.unit, statement.place.line)
                return declared.replace("const ", "") in types and not _CLOSED_BY_ITSELF.search(written)
    return False


def _declaration(unit: Unit, line: int) -> str:
    """Return the line, with those before it on which the declaration begins."""
    first = line
    while first > 1 and line - first < _LONGEST_DECLARATION and not _ENDS_STATEMENT.search(unit.line(first - 1)):
        first -= 1
    return unit.source[unit.span(first, line)]


def _is_set_of_one_call(call: Call, function: FunctionInfo) -> bool:
    """Say whether a descriptor is put into a set for the next select() only, and not to be found there again."""
    kept = call.arguments[1] if len(call.arguments) == 2 else None
    if not isinstance(kept, Unary) or not isinstance(kept.operand, Name):
        return False
    written = next(
        (
            _declaration(function.unit, one.place.line)
            for one in function.statements()
            if isinstance(one, Assign) and one.type == "fd_set" and _is_named(one.target, kept.operand.identifier)
        ),
        "static",
    )
    put = {_word(one.arguments[0]) for one in function.calls() if one.called_name == "FD_SET" and one.arguments}
    asked = {_word(one.arguments[0]) for one in function.calls() if one.called_name == "FD_ISSET" and one.arguments}
    return "static" not in written and asked <= put


def _is_named(target: Expression, name: str) -> bool:
    return isinstance(target, Name) and target.identifier == name


def _word(expression: Expression) -> str:
    return dotted(strip_casts(expression))
