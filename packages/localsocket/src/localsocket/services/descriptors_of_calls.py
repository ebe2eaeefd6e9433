"""The descriptors of calls: who closes what a method was given, and how a caller reads what it gave."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from localsocket._core import AnsweredCall
from localsocket.interfaces import Laden
from localsocket.services.schema import Parameters, Result
from localsocket.values.descriptor_values import reading
from localsocket.wire.frames import Body

if TYPE_CHECKING:
    from localsocket.services.served_call import ServedCall  # which clients do without

_AT_ONCE = 8
"""Messages with as many descriptors as one may have, of which a connection may hold those: the rest is refused."""


def read_arguments(parameters: Parameters, answer: AnsweredCall) -> tuple[tuple[object, ...], dict[str, object]]:
    """Return the arguments of a call with those descriptors that came with it. Raises BadArguments."""
    if (batch := answer.descriptors) is None:
        return parameters.read(answer.body)
    # Whoever drops the call drops them, and knows nothing of them.
    return reading(batch, partial(parameters.read, answer.body), is_quiet=True)


def read_result(result: Result, body: Body) -> Any:
    """Return what a method has given, with those descriptors that came with it. Raises BadResult."""
    if type(body) is not Laden:
        return result.read(body)
    return reading(body.descriptors, partial(result.read, body), is_quiet=False)


def close_given(call: ServedCall) -> Iterator[None]:
    """Surround a call: what it was given is closed when it has ended, unless it has kept that."""
    try:
        yield
    finally:
        if (batch := call.answer.descriptors) is not None:
            batch.close_given()


def may_hold(held: int, count: int, limit: int) -> bool:
    """Whether a connection that holds so many descriptors for calls may hold those of another one."""
    return held + count <= _AT_ONCE * limit
