"""Buffers that a program gives a framework to fill, and finds again as a member of what the framework hands it.

libuv asks one function for room, and calls another when something has come: `buffer->base = handle->data` in the first
makes `stream->data` in the second what the peer sent.
"""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.resolution import Resolution
from localsocket_review.analysis.sites import CallSite
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Attribute, Expression, Name, strip_casts

_ASKING_AT = {"uv_read_start": 1, "uv_udp_recv_start": 1}  # which argument is the function that is asked for room
_ROOM = "base"
_MAKING_ROOM = "uv_buf_init"


def is_given_buffer(
    member: Attribute, function: FunctionInfo, handing_on: list[CallSite], resolution: Resolution
) -> bool:
    """Say whether the member is what was given to be filled, in the function that is called when that is done."""
    return any(
        member.name in _members_given(asked)
        for site in handing_on
        if site.is_handed_on and (at := _ASKING_AT.get(site.call.called_name)) is not None
        for asked in resolution.functions_named_by(site.call.arguments[at], site.caller)
        if asked is not function
    )


def _members_given(asked: FunctionInfo) -> set[str]:
    """Return the names of the members that the function gives as room: `data`, or `text` of its own structure."""
    given = {strip_casts(one) for one in _room_given(asked)}
    named = {one.name for one in given if isinstance(one, Attribute)}
    variables = {one.identifier for one in given if isinstance(one, Name)}
    for target, value in asked.assignments("="):
        if isinstance(target, Attribute) and isinstance(value, Name) and value.identifier in variables:
            named.add(target.name)  # `handle->data = room;`
    return named - {_ROOM}


def _room_given(asked: FunctionInfo) -> Iterator[Expression]:
    for target, value in asked.assignments("="):
        if isinstance(target, Attribute) and target.name == _ROOM:
            yield value
    for call in asked.calls():
        if call.called_name == _MAKING_ROOM and call.arguments:
            yield call.arguments[0]
