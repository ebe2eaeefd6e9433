"""The claims about how much of a stream is sent ahead of its reader, and how long either waits for the other."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from functools import partial

from contracts.service_of_claims import ADDRESS, Diary, Refused, ServiceOfClaims, served, small_limits
from contracts.subjects import ClientUnderTest, ItemsUnderTest, ServiceFace, in_time
from localsocket.errors import CallCancelled, CallFailed, DeadlinePassed, EndOfStream
from localsocket.interfaces import KIB
from localsocket.testing import PATIENCE, Contract, raises, wait_until

window_claims: Contract[ServiceFace] = Contract()

_SOON = 0.02
_WHILE = 0.3
_LINE = KIB
_WINDOW = 8 * KIB


# --- windows in items -------------------------------------------------------------------------------------------------


@window_claims.claim
def an_item_is_made_when_its_reader_has_room_for_it(face: ServiceFace) -> None:
    for prefetch in (1, 3):
        with served(face) as (client, of_claims):
            stream = client.stream("lines", 100, 1, prefetch=prefetch)
            for number in range(10):
                assert next(stream) == bytes([number])
                _check_made(of_claims.diary, client, number + prefetch)
            stream.close()
            _check_made(of_claims.diary, client, 9 + prefetch)


@window_claims.claim
def asking_again_for_an_item_gives_no_room_for_another(face: ServiceFace) -> None:
    with served(face) as (client, of_claims):
        stream = client.stream("drip", prefetch=1)
        assert stream.receive(timeout=PATIENCE) == 1
        for _ in range(3):
            raises(DeadlinePassed, lambda: stream.receive(timeout=0))
        assert client.call("add", 2, 3) == 5
        of_claims.gate.set()
        assert stream.receive(timeout=PATIENCE) == 2
        raises(EndOfStream, lambda: stream.receive(timeout=PATIENCE))


@window_claims.claim
def closing_says_nothing_of_items_that_were_asked_for_when_all_had_come(face: ServiceFace) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async)
    with contextlib.ExitStack() as clients:
        with of_claims.served_by(face):
            client = clients.enter_context(face.connect(ADDRESS))
            streams = [client.stream("drip", prefetch=3) for _ in range(2)]
            assert [next(stream) for stream in streams] == [1, 1]
            of_claims.gate.set()
            of_claims.diary.wait_for("closed", "closed")
        assert [list(stream) for stream in streams] == [[2], [2]]


@window_claims.claim
def a_reader_with_a_window_in_items_gets_them_all(face: ServiceFace) -> None:
    with served(face) as (client, of_claims):
        for prefetch in (1, 7, 10**30):
            assert list(client.stream("count", 100, prefetch=prefetch)) == list(range(100))
            assert list(client.stream("count", 0, prefetch=prefetch)) == []
        of_claims.diary.wait_for(*["closed"] * 6)
        for then, kind in (("refused", Refused), ("unknown", CallFailed)):
            stream = client.stream("count", 3, then=then, prefetch=2)
            assert [next(stream) for _ in range(3)] == [0, 1, 2]
            raises(kind, lambda stream=stream: stream.receive(timeout=PATIENCE))  # type: ignore[misc]
        wait_until(lambda: of_claims.service.stats().active_calls == 0, "nothing to be under way")


@window_claims.claim
def a_window_in_items_is_none_in_which_bytes_do_not_count(face: ServiceFace) -> None:
    with served(face, {"limits": small_limits(stream=_WINDOW)}) as (client, of_claims):
        stream = client.stream("lines", 100, _LINE, prefetch=90)
        for number in range(100):
            assert next(stream) == bytes([number]) * _LINE
            assert client.call("add", number) == number + 1
            assert of_claims.diary.notes.count("line") <= number + _WINDOW // _LINE + 2
        raises(EndOfStream, lambda: stream.receive(timeout=PATIENCE))


@window_claims.claim
def a_window_is_that_of_one_reader(face: ServiceFace) -> None:
    with served(face) as (client, of_claims), face.connect(ADDRESS) as other:
        slow = client.stream("lines", 100, 1, prefetch=1)
        assert next(slow) == bytes([0])
        for quick in (client.stream("lines", 50, 1, prefetch=1), other.stream("lines", 50, 1, prefetch=1)):
            assert list(quick) == [bytes([number]) for number in range(50)]
        _check_made(of_claims.diary, client, 101)


@window_claims.claim
def a_window_or_a_time_that_is_none_is_refused_where_it_is_given(face: ServiceFace) -> None:
    with served(face) as (client, of_claims):
        for prefetch, kind in (
            (0, ValueError),
            (-1, ValueError),
            (1.0, TypeError),
            ("1", TypeError),
            (True, TypeError),
        ):
            raises(kind, lambda prefetch=prefetch: client.stream("count", 3, prefetch=prefetch))  # type: ignore[misc]
        for seconds, kind in ((-1, ValueError), (math.nan, ValueError), ("1", TypeError), (True, TypeError)):
            raises(kind, lambda seconds=seconds: client.stream("count", 3, idle_timeout=seconds))  # type: ignore[misc]
            raises(kind, lambda seconds=seconds: client.subscribe("latest", idle_timeout=seconds))  # type: ignore[misc]
        assert client.stats().calls == 0
        assert of_claims.latest.subscribers == 0


# --- time-outs --------------------------------------------------------------------------------------------------------


@window_claims.claim
def a_stream_outlasts_the_time_for_a_call(face: ServiceFace) -> None:
    with served(face, {"call_timeout": _WHILE}) as (client, of_claims):
        ways: list[Callable[[], ItemsUnderTest]] = [
            lambda: client.stream("drip"),
            lambda: client.stream("drip", prefetch=1),
            lambda: client.call("drip"),
            lambda: client.proxy.drip(),
            lambda: client.within(_WHILE).stream("drip"),
        ]

        def begun(way: Callable[[], ItemsUnderTest]) -> ItemsUnderTest:
            stream = way()
            assert stream.receive(timeout=PATIENCE) == 1
            return stream

        streams = [in_time(partial(begun, way)) for way in ways]
        raises(DeadlinePassed, lambda: client.call("hold"))
        of_claims.gate.set()
        for stream in streams:
            assert next(stream) == 2
            raises(EndOfStream, lambda stream=stream: stream.receive(timeout=PATIENCE))  # type: ignore[misc]


@window_claims.claim
def a_stream_has_to_begin_in_the_time_for_a_call(face: ServiceFace) -> None:
    with served(face, {"call_timeout": _WHILE}, limits=small_limits(calls=1)) as (client, of_claims):
        held = client.start("hold", timeout=PATIENCE)
        of_claims.diary.wait_for("held")
        raises(DeadlinePassed, lambda: next(client.stream("count", 3)))
        of_claims.gate.set()
        assert held.result(timeout=PATIENCE) == "released"
        assert list(client.stream("count", 3, timeout=PATIENCE)) == [0, 1, 2]


@window_claims.claim
def a_stream_that_keeps_its_reader_waiting_is_ended(face: ServiceFace) -> None:
    with served(face) as (client, of_claims):
        stream = client.stream("drip", idle_timeout=_WHILE)
        late = raises(DeadlinePassed, lambda: list(stream))
        assert late.timeout == _WHILE
        assert "'drip'" in str(late)
        raises(CallCancelled, lambda: stream.receive(timeout=PATIENCE))
        wait_until(lambda: of_claims.service.stats().active_calls == 0, "it to be cancelled")
        assert client.call("add", 2, 3) == 5


@window_claims.claim
def a_subscription_without_a_message_for_too_long_is_ended(face: ServiceFace) -> None:
    with served(face) as (client, of_claims):
        messages = client.subscribe("latest", int, idle_timeout=_SOON)
        late = raises(DeadlinePassed, lambda: next(messages))
        assert late.timeout == _SOON
        assert "'latest'" in str(late)
        wait_until(lambda: of_claims.latest.subscribers == 0, "it to be cancelled")


@window_claims.claim
def how_long_an_item_is_waited_for_counts_however_often_it_is_asked_for(face: ServiceFace) -> None:
    with served(face) as (client, of_claims):

        def received() -> ItemsUnderTest:
            messages = client.subscribe("latest", int, idle_timeout=_WHILE)
            shorter = raises(DeadlinePassed, lambda: messages.receive(timeout=0))
            if shorter.timeout == _WHILE:
                raise shorter
            assert shorter.timeout == 0
            of_claims.latest.publish(1)
            assert messages.receive(timeout=PATIENCE) == 1
            return messages

        messages = in_time(received)
        wait_until(
            lambda: raises(DeadlinePassed, lambda: messages.receive(timeout=_SOON)).timeout == _WHILE,
            "the time to be over for the message, and not for the asking alone",
        )


# ----------------------------------------------------------------------------------------------------------------------


def _check_made(diary: Diary, client: ClientUnderTest, count: int) -> None:
    """Check that so many lines are made, and no more while the service does something else."""
    wait_until(lambda: diary.notes.count("line") >= count, f"{count} lines to be made")
    for number in range(3):
        assert client.call("add", number) == number + 1
    assert diary.notes.count("line") == count
