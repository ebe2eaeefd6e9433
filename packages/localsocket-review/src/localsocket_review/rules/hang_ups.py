"""Functions that read only while there is room, and never ask whether the peer has hung up.

`poll()` tells of a peer that hung up whether it is asked for or not, and again each time. Where nothing is read for
want of room, nobody comes to the end of the stream, and the loop turns for ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from localsocket_review.analysis.control_flow import Guard
from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.model.expressions import Binary, Call, Expression, Name, dotted, strip_casts, walk
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Branch, expressions_in
from localsocket_review.model.unit import Language

_READABLE = re.compile(r"(?:E?POLL|\w*_)(?:IN|RDNORM)")
_HUNG_UP = re.compile(r"(?!SIG)\w*(?:HUP|ERR_EVENT|POLLERR|IO_ERR)")
_LESS = frozenset({"<", "<=", ">", ">=", "!="})


def unasked_hang_ups(facts: Facts) -> Iterator[tuple[Site, Place]]:
    """Yield the reads that are left out for want of room, and the condition that does so."""
    for site in facts.streams.reads(Act.ENDS):
        if site.function.unit.language is not Language.CPP or _asks_for_end(site):
            continue
        guards = [one for one in facts.flow(site.function).guards(site.call) if one.holds]
        room = next((one for one in guards if _is_about_room(one, site)), None)
        if room is not None and any(map(_is_readable, guards)) and not _is_handled(facts, room, site):
            yield site, room.test.place


def _asks_for_end(site: Site) -> bool:
    return any(_HUNG_UP.fullmatch(word) for word in site.function.unit.identifiers)


def _is_readable(guard: Guard) -> bool:
    """Say whether this asks an event's bits: `events & POLLIN`."""
    test = strip_casts(guard.test)
    if isinstance(test, Binary) and test.operator in _LESS:
        test = strip_casts(test.left)
    return isinstance(test, Binary) and test.operator == "&" and bool(_READABLE.fullmatch(dotted(test.right)))


def _is_about_room(guard: Guard, site: Site) -> bool:
    """Say whether this compares how much there is with how much there may be, both of which the read goes by."""
    test = guard.test
    if not isinstance(test, Binary) or test.operator not in _LESS:
        return False
    counted = {dotted(part) for argument in site.call.arguments[1:] for part in walk(argument)} - {""}
    sides = [_names(test.left), _names(test.right)]
    return all(sides) and any(side & counted for side in sides)


def _names(side: Expression) -> set[str]:
    named = {dotted(part) for part in walk(side)} - {""}
    return named | {f"sizeof {one}" for part in walk(side) if isinstance(part, Call) for one in _names_in(part)}


def _names_in(call: Call) -> set[str]:
    return {dotted(argument) for argument in call.arguments if isinstance(argument, Name)}


def _is_handled(facts: Facts, room: Guard, site: Site) -> bool:
    """Say whether the connection is let go where there is no room."""
    return any(
        isinstance(call, Call) and facts.endings.lets_go(call, site.function)
        for statement in site.function.statements()
        if isinstance(statement, Branch) and any(part is room.test for part in walk(statement.test))
        for call in expressions_in(statement.otherwise)
    )
