"""Buffers that a program gives a framework to fill, and finds again as a member of what the framework hands it.

libuv asks one function for room, and calls another when something has come: `buffer->base = handle->data` in the first
makes `stream->data` in the second what the peer sent.
"""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.sites import CallSite
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Attribute, Binary, Expression, Name, Subscript, strip_casts

_ASKING_AT = {"uv_read_start": 1, "uv_udp_recv_start": 1}  # which argument is the function that is asked for room
_DEEPEST = 3
_ROOM = "base"
_MAKING_ROOM = "uv_buf_init"


def is_given_buffer(member: Attribute, function: FunctionInfo, calls: ProgramCalls) -> bool:
    """Say whether the member is what was given to be filled, in what runs when that is done."""
    return any(
        member.name in _members_given(asked)
        for called, site in _handing_on(function, calls, 0)
        if (at := _ASKING_AT.get(site.call.called_name)) is not None
        for asked in calls.functions_named_by(site.call.arguments[at], site.caller)
        if asked is not called
    )


def _handing_on(function: FunctionInfo, calls: ProgramCalls, depth: int) -> Iterator[tuple[FunctionInfo, CallSite]]:
    """Yield the calls that have a framework call the function, or one that calls it."""
    for site in calls.callers(function):
        if site.is_handed_on:
            yield function, site
        elif depth < _DEEPEST:
            yield from _handing_on(site.caller, calls, depth + 1)


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
