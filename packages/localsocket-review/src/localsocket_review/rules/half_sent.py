"""Loops that send all of something: what leaves them half way, and what sends its beginning again in each round."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.names import Variable
from localsocket_review.analysis.sites import Site
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Attribute, Call, Expression, Literal, Name, Unary, strip_casts, walk
from localsocket_review.model.place import Place
from localsocket_review.model.statements import (
    Assign,
    Branch,
    Break,
    Loop,
    Return,
    contains,
    expressions_in,
    statements_in,
)
from localsocket_review.model.unit import Language

_MOVING = frozenset({"++", "--", "&"})


def left_half_way(facts: Facts, site: Site) -> Place | None:
    """Return where the loop around a call that sends is left, by a break or as if all were done."""
    loop = _loop_around(site)
    return None if loop is None else _left_at(facts, site, loop, _holder(facts, site))


def begins_again(facts: Facts, site: Site) -> Place | None:
    """Return where only the size is counted down: `write(fd, data, left)`, and `left -= n`."""
    loop = _loop_around(site)
    return None if loop is None else _counted_at(facts, site, loop, _holder(facts, site))


def _loop_around(site: Site) -> Loop | None:
    loops = [one for one in site.function.statements() if isinstance(one, Loop) and contains(one.body, site.call)]
    return loops[-1] if loops else None


def _holder(facts: Facts, site: Site) -> Variable | None:
    return facts.ownership.holder(site.call, site.function) or assigned_inside(facts, site.call, site.function)


def _left_at(facts: Facts, site: Site, loop: Loop, holder: Variable | None) -> Place | None:
    """Return where the loop is left half way, by a break or as if all were done."""
    function = site.function
    for one in statements_in(loop.body):
        if isinstance(one, Branch) and len(one.then) == 1 and isinstance(one.then[0], Return):
            asks = mentions(facts, one.test, site.call, holder, function) or _names_errno(one.test)
            if asks and _says_done(one.then[0], loop, function):
                return one.then[0].place
    left = [
        one
        for one in loop.body
        if isinstance(one, Branch)
        and [type(inner) for inner in one.then] == [Break]
        and mentions(facts, one.test, site.call, holder, function)
    ]
    asked = {facts.names.variable(part, function) for part in walk(loop.test or site.call) if isinstance(part, Name)}
    counted = {
        facts.names.variable(one.target, function)
        for one in statements_in(loop.body)
        if isinstance(one, Assign) and one.value is not None and one.operator != "="
        if mentions(facts, one.value, site.call, holder, function)
    }
    after = {facts.names.variable(one, function) for one in _after(loop, site)}
    if not left or loop.test is None or not asked or after & {holder, *asked, *counted}:
        return None
    return left[0].place


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


def _counted_at(facts: Facts, site: Site, loop: Loop, holder: Variable | None) -> Place | None:
    """Return where only the size is counted down: `write(fd, data, left)`, and `left -= n`."""
    function = site.function
    arguments = [strip_casts(one) for one in site.call.arguments]
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
        and mentions(facts, one.value, site.call, holder, function)
    ]
    if data is None or size is None or not counted:
        return None
    changed = [target for target, _ in function.assignments()]
    changed += [one.operand for one in function.expressions() if isinstance(one, Unary) and one.operator in _MOVING]
    changed += [argument for call in function.calls() if call is not site.call for argument in call.arguments]
    is_moved = any(
        contains([loop], one) and facts.names.variable(strip_casts(one), function) == data for one in changed
    )
    return None if is_moved else counted[0].place


def _after(loop: Loop, site: Site) -> Iterator[Expression]:
    """Yield the names that stand behind the loop in the text."""
    end = max((part.place for part in expressions_in([loop])), default=loop.place)
    for part in site.function.expressions():
        if isinstance(part, Name | Attribute) and part.place > end:
            yield part


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
