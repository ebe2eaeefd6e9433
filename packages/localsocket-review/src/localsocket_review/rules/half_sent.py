"""Loops that send all of something: what leaves them half way, and what sends its beginning again in each round."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.names import Variable
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Attribute,
    Call,
    Expression,
    Literal,
    Name,
    Unary,
    dotted,
    strip_casts,
    walk,
)
from localsocket_review.model.place import Place
from localsocket_review.model.program import last_word
from localsocket_review.model.statements import (
    Assign,
    Branch,
    Break,
    Loop,
    Return,
    Statement,
    Try,
    contains,
    expressions_in,
    statements_in,
)
from localsocket_review.model.unit import Language

_MOVING = frozenset({"++", "--", "&"})
# What tells that there is no room now: the peer is there, and waits for the rest.
_NO_ROOM = frozenset({"BlockingIOError", "TimeoutError", "InterruptedError", "timeout"})
_NO_ROOM_ERRORS = frozenset({"EAGAIN", "EWOULDBLOCK", "EINTR"})


def left_half_way(facts: Facts, call: Call, function: FunctionInfo) -> Place | None:
    """Return where the loop around a call that sends is left, by a break or as if all were done."""
    loop = _loop_around(call, function)
    return None if loop is None else _left_at(facts, call, function, loop)


def begins_again(facts: Facts, call: Call, function: FunctionInfo) -> Place | None:
    """Return where only the size is counted down: `write(fd, data, left)`, and `left -= n`."""
    loop = _loop_around(call, function)
    return None if loop is None else _counted_at(facts, call, function, loop)


def waits_for_room(call: Call, function: FunctionInfo) -> bool:
    """Say whether it is tried, and what sockets raise is caught where there is no room now: `BlockingIOError`."""
    return any(
        last_word(dotted(kind)) in _NO_ROOM
        for one in function.statements()
        if isinstance(one, Try) and contains(one.body, call)
        for handler in one.handlers
        for kind in handler.types
    )


def _loop_around(call: Call, function: FunctionInfo) -> Loop | None:
    loops = [one for one in function.statements() if isinstance(one, Loop) and contains(one.body, call)]
    return loops[-1] if loops else None


def _holder(facts: Facts, call: Call, function: FunctionInfo) -> Variable | None:
    return facts.ownership.holder(call, function) or assigned_inside(facts, call, function)


def _left_at(facts: Facts, call: Call, function: FunctionInfo, loop: Loop) -> Place | None:
    """Return where the loop is left half way, by a break or as if all were done."""
    holder = _holder(facts, call, function)
    for one in statements_in(loop.body):
        if isinstance(one, Branch) and len(one.then) == 1 and isinstance(one.then[0], Return):
            asks = mentions(facts, one.test, call, holder, function) or _names_errno(one.test)
            if asks and _says_done(one.then[0], loop, function):
                return one.then[0].place
    counted = _counted(facts, call, function, loop, holder)
    variables = {facts.names.variable(one, function) for one in counted}
    asked = {facts.names.variable(part, function) for part in walk(loop.test or call) if isinstance(part, Name)}
    after = {facts.names.variable(one, function) for one in _after(loop, call, function)} - {None}
    if loop.test is None or not asked or after & {holder, *asked, *variables}:
        return None
    if not counted or not all(isinstance(strip_casts(one), Name) for one in counted):
        return None  # what is left is kept in an object
    left = [
        one.place
        for one in loop.body
        if isinstance(one, Branch) and _breaks(one.then) and mentions(facts, one.test, call, holder, function)
    ]
    return min([*left, *_without_room(loop, call)], default=None)


def _counted(facts: Facts, call: Call, function: FunctionInfo, loop: Loop, holder: Variable | None) -> list[Expression]:
    """Return what the loop sets by how much was sent: a position, or what is left of the data."""
    return [
        one.target
        for one in statements_in(loop.body)
        if isinstance(one, Assign) and one.value is not None and strip_casts(one.value) is not call
        if mentions(facts, one.value, call, holder, function)
    ]


def _without_room(loop: Loop, call: Call) -> Iterator[Place]:
    """Yield where the loop is left because there is no room now: what is left to send is forgotten with it."""
    for one in statements_in(loop.body):
        if isinstance(one, Try) and contains(one.body, call):
            for handler in one.handlers:
                if _breaks(handler.body) and any(last_word(dotted(kind)) in _NO_ROOM for kind in handler.types):
                    yield handler.body[-1].place
        elif isinstance(one, Branch) and _breaks(one.then) and _names_no_room(one.test):
            yield one.then[-1].place


def _breaks(body: list[Statement]) -> bool:
    return [type(one) for one in body] == [Break]


def _names_no_room(test: Expression) -> bool:
    return any(isinstance(part, Name) and part.identifier in _NO_ROOM_ERRORS for part in walk(test))


def _names_errno(test: Expression) -> bool:
    return any(isinstance(part, Name) and part.identifier == "errno" for part in walk(test))


def _says_done(inside: Return, loop: Loop, function: FunctionInfo) -> bool:
    """Say whether a return amid the loop gives the same constant as the one behind it, where all has been sent."""
    last = function.body[-1] if function.body else None
    at_end = last.value if isinstance(last, Return) and last is not inside and last.place > loop.place else None
    match inside.value, at_end:
        case Literal(value=one), Literal(value=other):
            return one == other and type(one) is type(other)
    return False


def _counted_at(facts: Facts, call: Call, function: FunctionInfo, loop: Loop) -> Place | None:
    """Return where only the size is counted down: `write(fd, data, left)`, and `left -= n`."""
    holder = _holder(facts, call, function)
    arguments = [strip_casts(one) for one in call.arguments]
    if function.unit.language is not Language.CPP or len(arguments) < 3:
        return None
    data, size = (facts.names.variable(one, function) if isinstance(one, Name) else None for one in arguments[1:3])
    counted = [
        one
        for one in statements_in(loop.body)
        if isinstance(one, Assign)
        and one.operator == "-="
        and one.value is not None
        and facts.names.variable(one.target, function) == size
        and mentions(facts, one.value, call, holder, function)
    ]
    if data is None or size is None or not counted:
        return None
    changed = [target for target, _ in function.assignments()]
    changed += [one.operand for one in function.expressions() if isinstance(one, Unary) and one.operator in _MOVING]
    changed += [argument for other in function.calls() if other is not call for argument in other.arguments]
    is_moved = any(
        contains([loop], one) and facts.names.variable(strip_casts(one), function) == data for one in changed
    )
    return None if is_moved else counted[0].place


def _after(loop: Loop, call: Call, function: FunctionInfo) -> Iterator[Expression]:
    """Yield the names that stand behind the loop in the text, or are read again in a loop around it."""
    end = max((part.place for part in expressions_in([loop])), default=loop.place)
    for part in function.expressions():
        if isinstance(part, Name | Attribute) and part.place > end:
            yield part
    for around in function.statements():
        if isinstance(around, Loop) and around is not loop and contains(around.body, call):
            set_anew = (one for one in statements_in(around.body) if isinstance(one, Assign) and one.operator == "=")
            unread = {*expressions_in([loop]), around.target, *(one.target for one in set_anew)}
            read = (part for part in expressions_in([around]) if part not in unread)
            yield from (part for part in read if isinstance(part, Name | Attribute))


def assigned_inside(facts: Facts, call: Call, function: FunctionInfo) -> Variable | None:
    for part in function.expressions():
        target, value = getattr(part, "target", None), getattr(part, "value", None)
        if isinstance(target, Expression) and isinstance(value, Expression) and strip_casts(value) is call:
            return facts.names.variable(target, function)
    return None


def mentions(facts: Facts, expression: Expression, call: Call, holder: Variable | None, function: FunctionInfo) -> bool:
    for part in walk(expression):
        if part is call:
            return True
        if holder is not None and isinstance(part, Name | Attribute) and facts.names.variable(part, function) == holder:
            return True
    return False
