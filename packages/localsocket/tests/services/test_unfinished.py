"""What one connection, and all of them, may have a service hold of what has arrived and is not served."""

from __future__ import annotations

from typing import Any

import pytest

from localsocket import CallLimits, PeerCredentials, Service
from localsocket.interfaces import KIB
from localsocket.services.left_behind import LeftBehind
from localsocket.services.session import Session
from localsocket.services.unfinished import Unfinished
from wire.building import NOTIFICATION, call, frame, greeting, pack

GREETED = greeting("client", stream_window=1)
HALF = {
    "localsocket": (GREETED, call(1, "take", bytes(20 * KIB))[:-1]),
    "varlink": (b'{"method":"demo.', b"x" * 20 * KIB),
    "http": (
        b"POST /take HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 30000\r\n\r\n",
        b'{"data":"' + b"x" * 20 * KIB,
    ),
}
US, OTHERS = 1000, 1001


class Holder:
    """A connection that tells when it is to go."""

    def __init__(self, uid: int = US) -> None:
        self.peer = PeerCredentials(pid=1, uid=uid, gid=0)
        self.is_dropped = False

    def drop_unfinished(self, limit: int) -> None:
        self.is_dropped = True


def test_who_has_been_silent_the_longest_goes_when_all_hold_too_much() -> None:
    unfinished, connections = Unfinished(10), [Holder() for _ in range(4)]
    for each in connections[:3]:
        unfinished.hold(each, 3)
    unfinished.hold(connections[0], 4)  # which goes on sending
    assert not any(each.is_dropped for each in connections)
    unfinished.hold(connections[3], 3)
    assert [each.is_dropped for each in connections] == [False, True, False, False]
    assert unfinished.size == 10


def test_who_holds_little_does_not_go_for_it() -> None:
    unfinished, little, much = Unfinished(10), Holder(), Holder()
    unfinished.hold(little, 1)
    unfinished.hold(much, 10)
    assert (little.is_dropped, much.is_dropped, unfinished.size) == (False, True, 1)


def test_of_the_users_who_holds_most_pays() -> None:
    unfinished, good, bad = Unfinished(10), Holder(OTHERS), [Holder() for _ in range(3)]
    unfinished.hold(good, 4)
    for each in bad:
        unfinished.hold(each, 3)
    assert (good.is_dropped, [each.is_dropped for each in bad]) == (False, [True, False, False])


def test_what_has_arrived_whole_or_gone_is_not_counted() -> None:
    unfinished, connections = Unfinished(10), [Holder() for _ in range(20)]
    for each in connections:
        unfinished.hold(each, 9)
        unfinished.hold(each, 0)
    assert unfinished.size == 0
    assert not any(each.is_dropped for each in connections)
    assert not unfinished._users


@pytest.mark.parametrize(
    ("limits", "size"), [({}, 1 << 25), ({"message": 1 << 25}, 1 << 27), ({"unfinished": 9}, 1 << 22)]
)
def test_there_is_room_for_some_of_the_longest_messages(limits: dict[str, int], size: int) -> None:
    assert CallLimits(**limits)._unfinished_in_all == size


# --- one connection ---------------------------------------------------------------------------------------------------


class Link:
    """Takes what is sent, and knows whether anything is to be read."""

    bytes_to_write = 0

    def __init__(self) -> None:
        self.is_reading = True
        self.is_aborted = False

    def write(self, data: bytes) -> None: ...

    def abort(self) -> None:
        self.is_aborted = True

    def set_reading(self, is_wanted: bool) -> None:
        self.is_reading = is_wanted

    def waiting_place(self) -> None: ...


def session_of(service: Service, first: bytes = GREETED) -> tuple[Session, Link]:
    link = Link()
    session = Session(service, PeerCredentials(pid=1, uid=US, gid=0), link, lambda _session: None)
    session.receive(first)
    return session, link


def service_of(**limits: int) -> Service:
    service = Service("demo.pieces", limits=CallLimits(**limits))
    service.method(take)
    return service


def take(data: bytes = b"") -> None: ...


def notified(count: int) -> bytes:
    return frame(NOTIFICATION, 0, pack(("take", None, ()))) * count


def begin_all(session: Session) -> int:
    """Begin everything that has arrived, in turns; return how many those were."""
    begun, has_more = 0, True
    while has_more:
        while (served := session.take_next() or session.take_more()) is not None:
            session.finished(served)
            begun += 1
        has_more = session.end_turn()
    return begun


def test_a_flood_of_small_calls_is_read_piece_by_piece_and_nothing_more_before_they_are_served() -> None:
    session, link = session_of(service_of())
    session.receive(notified(4000))
    assert 0 < len(session.waiting) < 1000
    assert session.end_turn()
    assert not link.is_reading
    assert begin_all(session) == 4000
    assert link.is_reading
    session.lost()


def test_an_end_is_seen_while_a_turn_is_put_off_unless_much_has_arrived() -> None:
    session, link = session_of(service_of())
    session.receive(notified(100))
    session.end_turn()
    session.put_off_turn()
    assert link.is_reading
    session.receive(notified(200))
    session.put_off_turn()
    assert not link.is_reading
    assert begin_all(session) == 300
    session.receive(notified(1) + notified(4000))
    assert begin_all(session) == 4001
    assert link.is_reading
    session.lost()


def test_of_what_a_peer_that_has_gone_left_to_be_read_only_notifications_are_served() -> None:
    session, link = session_of(service_of())
    session.receive(b"".join(call(number, "take") for number in range(1, 3000)) + notified(700))
    session.end_turn()
    assert not link.is_reading
    session.desert()
    assert begin_all(session) == 700
    assert link.is_reading
    assert session.active_calls == 0
    session.lost()


def test_notifications_that_arrived_are_read_also_after_the_end_and_calls_are_not_served() -> None:
    session, _ = session_of(service_of())
    session.receive(notified(700) + b"".join(call(number, "take") for number in range(1, 500)) + notified(300))
    session.lost()
    assert session.has_notifications
    assert begin_all(session) == 1000
    assert not session.has_notifications


def test_what_is_read_after_the_end_counts_as_left_behind() -> None:
    service = service_of()
    sessions = [session_of(service)[0] for _ in range(5)]
    for session in sessions:
        session.receive(notified(4000))
        session.lost()
    assert sum(len(session.waiting) for session in sessions) == 1024
    assert begin_all(sessions[-1]) == 0
    assert not sessions[-1].has_notifications
    assert service.stats().errors >= 4000


def test_what_a_session_leaves_behind_counts_once_though_the_rest_of_it_is_read_later() -> None:
    class Gone:
        def __init__(self, count: int) -> None:
            self.sizes = [1] * count

        def notifications_left(self) -> list[int]:
            return self.sizes

    left, one, other = LeftBehind(), Gone(1000), Gone(20)
    assert left.keep(7, one, one.sizes) == left.keep(7, other, other.sizes) == 0
    other.sizes = [1] * 50
    assert left.keep(7, other, [1] * 30) == 26


@pytest.mark.parametrize("protocol", list(HALF))
def test_connections_that_stop_amid_a_message_hold_no_more_than_the_limit(protocol: str) -> None:
    service, (first, half) = service_of(message=32 * KIB, unfinished=128 * KIB), HALF[protocol]
    opened = [session_of(service, first) for _ in range(20)]
    for session, _ in opened:
        session.receive(half)
    held: Any = service._unfinished
    assert 100 * KIB < held.size <= 128 * KIB
    assert [link.is_aborted for _, link in opened] == [True] * 14 + [False] * 6
    assert service.stats().dropped_peers == 14
    for session, _ in opened:
        session.lost()
    assert held.size == 0


def test_a_message_that_has_arrived_whole_is_none_of_those() -> None:
    service = service_of()
    opened = [session_of(service)[0] for _ in range(100)]
    held: Any = service._unfinished
    for session in opened:
        session.receive(HALF["localsocket"][1])
        assert held.size > 20 * KIB
        session.receive(b"\0")
        assert held.size == 0
        session.lost()
