"""The claims about what a service keeps: its word for what it has taken, and no more than it may."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from typing import Any

from contracts.service_of_claims import ADDRESS, ServiceOfClaims, served, small_limits
from contracts.subjects import ServiceFace
from localsocket.blocking.local_socket import LocalSocket
from localsocket.interfaces import MIB
from localsocket.services.limits import CallLimits
from localsocket.services.served_call import ServedCall
from localsocket.services.session import Session
from localsocket.testing import PATIENCE, Background, Contract, wait_until
from localsocket.wire.caller import Caller, OpenCall
from localsocket.wire.greeting import Greeting

keeping_claims: Contract[ServiceFace] = Contract()

_MANY = 300
_FEW = 20
_LONG = 4000
_ANSWER = 60_000
_SOON = 0.05
_LEAVING = 6
_LEFT_BY_EACH = 250
_MOST_LEFT = 1024
_STOPPED = 12
_MOST_THREADS = 32
_BEGUN = 8
_LARGE = _BEGUN + 2  # more would not be taken by the kernel while the service reads no more
_MUCH = 1000
_SOME_TURNS = 500  # calls, of those _MUCH; fewer on a quiet machine


class UnhurriedClient:
    """A client that makes calls with a time-out, and neither looks at the clock itself nor cancels anything."""

    def __init__(self, socket: LocalSocket) -> None:
        self._socket = socket
        self._caller = Caller(Greeting(role="client", max_message=MIB, stream_window=1))
        self._send(self._caller.mine.encode())
        self.receive(lambda: self._caller.peer is not None)

    @classmethod
    @contextlib.contextmanager
    def connect(cls, face: ServiceFace) -> Iterator[UnhurriedClient]:
        with face.line(ADDRESS) as socket:
            yield cls(socket)

    def call(self, method: str, *arguments: object, timeout: float | None = None) -> OpenCall:
        call = self._caller.begin(method, timeout, arguments)
        self._send(call.frame)
        return call

    def call_twice(self, method: str) -> None:
        """Make two calls, in one piece."""
        self._send(b"".join(self._caller.begin(method, None, ()).frame for _ in range(2)))

    def notify(self, method: str, *arguments: object) -> None:
        self._send(self._caller.notify(method, arguments))

    def notify_each(self, method: str, arguments: list[str]) -> None:
        """Notify with each of the arguments, all in one piece: the kernel takes fewer of many small ones."""
        self._send(b"".join(self._caller.notify(method, (each,)) for each in arguments))

    def notify_poking(self, method: str, arguments: list[str]) -> None:
        """As notify_each(), with a `poke` before the first."""
        each = [self._caller.notify(method, (argument,)) for argument in arguments]
        self._send(b"".join([self._caller.notify("poke", ()), *each]))

    def cancel(self, call: OpenCall) -> None:
        self._send(self._caller.cancel(call))

    def call_and_cancel(self, method: str, arguments: list[str]) -> None:
        """Make calls and cancel them, all in one piece."""
        calls = [self._caller.begin(method, None, (each,)) for each in arguments]
        self._send(b"".join(call.frame + self._caller.cancel(call) for call in calls))

    def receive(self, condition: Any) -> None:
        """Receive until the condition holds."""
        while not condition():
            self._caller.feed(self._socket.read(timeout=PATIENCE))

    def code_of(self, call: OpenCall) -> str:
        """Return why there is no result, once that has come."""
        self.receive(lambda: call.is_over)
        assert call.failure is not None, call.body
        return str(call.failure.code)

    def begin_call(self, method: str, *arguments: object) -> None:
        """Make a call of which the last byte does not come."""
        self._send(self._caller.begin(method, None, arguments).frame[:-1])

    def _send(self, frame: bytes) -> None:
        self._socket.write(frame, timeout=PATIENCE)


# --- what it has taken ------------------------------------------------------------------------------------------------


@keeping_claims.claim
def a_notification_that_arrived_is_run_after_its_sender_has_gone(face: ServiceFace) -> None:
    with served(face) as (_, of_claims):
        with face.connect(ADDRESS) as leaving:
            for number in range(_MANY):
                leaving.notify("note", str(number))
            leaving.notify("note_later", "later")
            leaving.notify("note", "last")
        of_claims.diary.wait_for("noting", "last", *map(str, range(_MANY)))
        wait_until(lambda: of_claims.service.stats().open_connections == 1, "the sender to be gone")
        of_claims.gate.set()
        of_claims.diary.wait_for("later")
        assert len(of_claims.diary.notes) == _MANY + 3


@keeping_claims.claim
def closing_a_client_sends_what_it_has_taken(face: ServiceFace) -> None:
    with served(face) as (_, of_claims):
        with face.connect(ADDRESS) as leaving:
            for number in range(_MANY):
                leaving.notify("note", str(number) + "." * _LONG)
            leaving.notify("note", "last")
        of_claims.diary.wait_for("last")
        wait_until(lambda: len(of_claims.diary.notes) == _MANY + 1, "all to arrive")


@keeping_claims.claim
def what_arrived_before_its_sender_stopped_reading_and_left_is_run(face: ServiceFace) -> None:
    with served(face, limits=small_limits(calls=_MANY)) as (_, of_claims):
        with UnhurriedClient.connect(face) as leaving:
            for _ in range(_FEW):
                leaving.call("zeros", _ANSWER)  # a small call: while it writes a large one, a socket reads ahead
            for number in range(_FEW):
                leaving.notify("note", str(number))
            # It reads nothing, so that the service has much to send when it learns that nobody is there.
            wait_until(lambda: of_claims.service.stats().bytes_unsent > 0, "more answers than the kernel takes")
        of_claims.diary.wait_for(*map(str, range(_FEW)))
        wait_until(lambda: of_claims.service.stats().open_connections == 1, "the sender to be gone")


@keeping_claims.claim
def a_server_that_is_stopped_lets_notifications_finish_whose_senders_have_gone(face: ServiceFace) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async)
    with of_claims.served_by(face) as serving:
        with face.connect(ADDRESS) as leaving:
            leaving.notify("note_later", "later")
            of_claims.diary.wait_for("noting")
        wait_until(lambda: of_claims.service.stats().open_connections == 0, "the sender to be gone")
        with Background(lambda: serving.stop(timeout=PATIENCE)) as stopping:
            assert not stopping.is_done
            of_claims.gate.set()
        assert of_claims.diary.notes == ["noting", "later"]


# --- in time ----------------------------------------------------------------------------------------------------------


@keeping_claims.claim
def a_call_is_answered_at_its_deadline_while_its_method_goes_on(face: ServiceFace) -> None:
    with served(face) as (_, of_claims), UnhurriedClient.connect(face) as client:
        late, in_time = client.call("stuck", timeout=_SOON), client.call("add", 2, 3, timeout=PATIENCE)
        assert client.code_of(late) == "too-late"
        calls = 1
        while "stuck" not in of_claims.diary.notes:  # in a slow moment its time was over before it began
            calls += 1
            assert client.code_of(client.call("stuck", timeout=_SOON)) == "too-late"
        assert "free" not in of_claims.diary.notes
        of_claims.gate.set()
        of_claims.diary.wait_for("free")  # and what it gives is of no use to anybody
        client.receive(lambda: in_time.is_over)
        again = client.call("add", 2, 4)
        client.receive(lambda: again.is_over)
        assert (in_time.body, again.body) == (b"\x05", b"\x06")
        wait_until(lambda: of_claims.service.stats().active_calls == 0)
        # One whose time was over on its way does not reach the service, where something stands between.
        assert 1 <= of_claims.service.stats().errors <= calls


@keeping_claims.claim
def a_stream_that_nobody_reads_is_ended_at_its_deadline(face: ServiceFace) -> None:
    with served(face), UnhurriedClient.connect(face) as client:
        late = client.call("lines", 1000, 1000, timeout=_SOON)
        assert client.code_of(late) == "too-late"


@keeping_claims.claim
def a_call_that_waits_behind_others_is_answered_at_its_deadline_too(face: ServiceFace) -> None:
    with served(face, limits=small_limits(calls=2)) as (_, of_claims), UnhurriedClient.connect(face) as client:
        client.notify("note_later", "first")
        client.notify("note_later", "second")
        of_claims.diary.wait_for("noting", "noting")
        late = client.call("add", 2, 3, timeout=_SOON)
        assert client.code_of(late) == "too-late"
        of_claims.gate.set()


# --- no more than it may ----------------------------------------------------------------------------------------------


@keeping_claims.claim
def notifications_count_as_calls_and_those_beyond_the_limit_wait(face: ServiceFace) -> None:
    with served(face, limits=small_limits(calls=2)) as (client, of_claims), UnhurriedClient.connect(face) as other:
        other.notify("note_later", "first")
        other.notify("note_later", "second")
        other.notify_each("note", list(map(str, range(_MANY))))
        of_claims.diary.wait_for("noting", "noting")
        assert client.call("add", 2, 3) == 5
        assert sorted(of_claims.diary.notes) == ["noting", "noting"]
        of_claims.gate.set()
        of_claims.diary.wait_for("first", "second", *map(str, range(_MANY)))


@keeping_claims.claim
def connections_that_stop_amid_a_message_are_disconnected_before_all_hold_too_much(face: ServiceFace) -> None:
    limits = small_limits()
    with served(face, limits=limits) as (client, of_claims), contextlib.ExitStack() as stack:
        stats = of_claims.service.stats
        for _ in range(_STOPPED):
            stack.enter_context(UnhurriedClient.connect(face)).begin_call("echo", bytes(_ANSWER))
        wait_until(lambda: stats().bytes_received >= _STOPPED * _ANSWER, "most of each call to arrive")
        wait_until(lambda: (_STOPPED - stats().dropped_peers) * _ANSWER <= limits.unfinished, "some to be disconnected")
        for _ in range(_FEW):
            assert client.call("echo", bytes(_ANSWER // 2)) == bytes(_ANSWER // 2)
        assert (_STOPPED - stats().dropped_peers + 1) * _ANSWER > limits.unfinished // 2
        wait_until(lambda: stats().open_connections == 1 + _STOPPED - stats().dropped_peers, "those to be gone")


@keeping_claims.claim
def what_waits_for_a_thread_has_not_begun(face: ServiceFace) -> None:
    if face.is_async:
        return  # then nothing waits for threads
    with served(face) as (_, of_claims), contextlib.ExitStack() as stack:
        service, sent = of_claims.service, _LEAVING * _LEFT_BY_EACH
        for _ in range(_LEAVING):
            other = stack.enter_context(UnhurriedClient.connect(face))
            other.notify_each("note_later", ["left"] * _LEFT_BY_EACH)
        wait_until(lambda: service.stats().bytes_received > sent * len("left"), "all to arrive")
        of_claims.diary.wait_for(*["noting"] * _FEW)
        assert 0 < sum(session.calls_begun for session in list(service._sessions)) < sent // 2
        of_claims.gate.set()
        of_claims.diary.wait_for(*["left"] * sent)


@keeping_claims.claim
def a_connection_that_has_sent_much_takes_turns_with_others(face: ServiceFace) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async)
    others: list[UnhurriedClient] = []

    def poke() -> None:
        """Have another connection send something, as one of the first calls of many is served."""
        others[0].notify("note", "other")

    of_claims.add_method(poke)
    with of_claims.served_by(face), UnhurriedClient.connect(face) as busy, UnhurriedClient.connect(face) as other:
        others.append(other)
        busy.notify_poking("note", list(map(str, range(_MUCH))))
        of_claims.diary.wait_for("other", *map(str, range(_MUCH)))
        assert of_claims.diary.notes.index("other") < _SOME_TURNS


@keeping_claims.claim
def nothing_of_a_call_that_is_over_waits_for_the_garbage_collector(face: ServiceFace) -> None:
    with served(face) as (client, of_claims), UnhurriedClient.connect(face) as other, _no_garbage_collection():
        before = _kept(ServedCall)  # by others, in the same process
        for number in range(_FEW):
            client.call("echo", b"data")
            client.notify("note", str(number))
            assert list(client.stream("count", 3)) == [0, 1, 2]
            other.cancel(other.call("hold"))
        assert client.call("echo", b"data") == b"data"
        wait_until(lambda: of_claims.service.stats().active_calls == 0)
        # Some are still known to the threads and frames that served them.
        wait_until(lambda: _kept(ServedCall) < before + _FEW // 2, "calls to be gone")


@keeping_claims.claim
def a_connection_that_has_gone_is_forgotten_also_by_the_thread_that_took_over_amid_its_calls(
    face: ServiceFace,
) -> None:
    with served(face) as (client, of_claims):
        assert client.call("add", 2, 3) == 5
        gc.collect()
        before = _kept(Session)
        with UnhurriedClient.connect(face) as leaving:
            leaving.call_twice("stuck")
            of_claims.diary.wait_for("stuck")
            assert client.call("add", 2, 3) == 5
        of_claims.gate.set()
        wait_until(lambda: of_claims.service.stats().open_connections == 1)
        assert client.call("add", 2, 3) == 5  # a service may remember whose call was the last
        wait_until(lambda: gc.collect() >= 0 and _kept(Session) <= before, "its session to be gone")


def _kept(kind: type) -> int:
    return sum(type(each) is kind for each in gc.get_objects())


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@keeping_claims.claim
def one_user_leaves_at_most_1024_notifications_behind_begun_or_not(face: ServiceFace) -> None:
    with served(face) as (_, of_claims):
        for _ in range(_LEAVING):
            with UnhurriedClient.connect(face) as leaving:
                leaving.notify_each("note_later", ["left"] * _LEFT_BY_EACH)
        wait_until(lambda: of_claims.service.stats().open_connections == 1, "the senders to be gone")
        left = _LEAVING * _LEFT_BY_EACH
        # What a thread runs already goes on, and may be among those that are dropped, or not.
        fewest = left - _MOST_LEFT - _MOST_THREADS
        stats, notes = of_claims.service.stats, of_claims.diary.notes
        wait_until(lambda: stats().errors >= fewest, "what is too much to be dropped")
        of_claims.gate.set()
        wait_until(lambda: notes.count("left") + stats().errors >= left, "each to be served, or dropped")
        wait_until(lambda: stats().active_calls == 0)
        assert stats().errors <= left - _MOST_LEFT
        assert notes.count("left") <= _MOST_LEFT + _MOST_THREADS


@keeping_claims.claim
def large_calls_count_by_their_bytes_and_begin_when_others_have_ended(face: ServiceFace) -> None:
    longest = CallLimits(message=4 * _ANSWER + 100)  # two of these may have begun: as many bytes as eight of the calls
    with served(face, limits=longest) as (client, of_claims), UnhurriedClient.connect(face) as other:
        for _ in range(_LARGE):
            other.call("note_later", "." * _ANSWER)
        of_claims.diary.wait_for(*["noting"] * _BEGUN)
        wait_until(lambda: of_claims.service.stats().bytes_received > (_BEGUN + 1) * _ANSWER, "another to arrive")
        for _ in range(_FEW):
            assert client.call("add", 2, 3) == 5
        assert of_claims.diary.notes.count("noting") == _BEGUN
        of_claims.gate.set()
        of_claims.diary.wait_for(*["noting"] * _LARGE)


@keeping_claims.claim
def a_call_that_was_cancelled_counts_as_long_as_its_method_goes_on(face: ServiceFace) -> None:
    with served(face, limits=small_limits(calls=2)) as (client, of_claims), UnhurriedClient.connect(face) as other:
        calls = [other.call("stuck") for _ in range(2)]
        of_claims.diary.wait_for("stuck", "stuck")
        for call in calls:
            other.cancel(call)
        waiting = other.call("add", 2, 3)
        assert client.call("add", 2, 4) == 6
        assert not waiting.is_over
        of_claims.gate.set()
        other.receive(lambda: waiting.is_over)
        assert waiting.body == b"\x05"


@keeping_claims.claim
def calls_that_are_cancelled_before_they_begin_never_do(face: ServiceFace) -> None:
    with served(face, limits=small_limits(calls=2)) as (_, of_claims), UnhurriedClient.connect(face) as client:
        client.notify("note_later", "first")
        client.notify("note_later", "second")
        of_claims.diary.wait_for("noting", "noting")
        client.call_and_cancel("note", [str(number) for number in range(_FEW)])
        of_claims.gate.set()
        last = client.call("note", "last")
        client.receive(lambda: last.is_over)
        of_claims.diary.wait_for("first", "second")
        assert sorted(of_claims.diary.notes) == ["first", "last", "noting", "noting", "second"]
