"""Buffers that a program gives a framework to fill, and finds again as a member of what the framework hands it.

libuv asks one function for room, and calls another when something has come: `buffer->base = handle->data` in the first
makes `stream->data` in the second what the peer sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.sites import CallSite
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Attribute, Binary, Expression, Name, Subscript, strip_casts
from localsocket_review.model.program import Program

_ASKING_AT = {"uv_read_start": 1, "uv_udp_recv_start": 1}  # which argument is the function that is asked for room
_DEEPEST = 3
_ROOM = "base"
_MAKING_ROOM = "uv_buf_init"


class GivenBuffers:
    """Knows the members that were given to be filled, in what runs when that is done."""

    def __init__(self, program: Program, calls: ProgramCalls) -> None:
        self._program = program
        self._calls = calls
        self._members: dict[FunctionInfo, frozenset[str]] = {}

    def has(self, member: Attribute, function: FunctionInfo) -> bool:
        """Say whether the member is what was given to be filled, where the function runs."""
        return self._is_used and member.name in self._members_in(function)

    @cached_property
    def _is_used(self) -> bool:
        return any(unit.identifiers[name] for unit in self._program.units for name in _ASKING_AT)

    def _members_in(self, function: FunctionInfo) -> frozenset[str]:
        if function not in self._members:
            self._members[function] = frozenset(
                name
                for called, site in self._handing_on(function)
                if (at := _ASKING_AT.get(site.call.called_name)) is not None
                for asked in self._calls.functions_named_by(site.call.arguments[at], site.caller)
                if asked is not called
                for name in _members_given(asked)
            )
        return self._members[function]

    def _handing_on(self, function: FunctionInfo) -> Iterator[tuple[FunctionInfo, CallSite]]:
        """Yield the calls that have a framework call the function, or one that calls it."""
        called, known = [function], {function}
        for _ in range(_DEEPEST + 1):
            callers: dict[FunctionInfo, None] = {}
            for one in called:
                for site in self._calls.callers(one):
                    if site.is_handed_on:
                        yield one, site
                    else:
                        callers[site.caller] = None
            called = [one for one in callers if one not in known]
            known.update(called)


def _members_given(asked: FunctionInfo) -> set[str]:
    """Return the names of the members that the function gives as room: `data`, or `text` of its own structure."""
    given = {_whole(one) for one in _room_given(asked)}
    named = {one.name for one in given if isinstance(one, Attribute)}
    variables = {one.identifier for one in given if isinstance(one, Name)}
    for target, value in asked.assignments("="):
        if isinstance(target, Attribute) and isinstance(value, Name) and value.identifier in variables:
            named.add(target.name)  # `handle->data = room;`
    return named - {_ROOM}


def _whole(room: Expression) -> Expression:
    """Return what a place is in: `kept->bytes` of `kept->bytes + kept->count` and of `&kept->bytes[kept->count]`."""
    room = strip_casts(room)
    match room:
        case Binary(operator="+", left=inner) | Subscript(value=inner):
            return _whole(inner)
    return room


def _room_given(asked: FunctionInfo) -> Iterator[Expression]:
    for target, value in asked.assignments("="):
        if isinstance(target, Attribute) and target.name == _ROOM:
            yield value
    for call in asked.calls():
        if call.called_name == _MAKING_ROOM and call.arguments:
            yield call.arguments[0]
