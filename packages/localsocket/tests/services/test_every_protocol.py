"""What a service keeps whatever it is spoken to in: who may, limits, what is counted, traced and logged."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest

from contracts import AioFace, ServiceFace, ServingInLoop, ServingInThread
from contracts.service_of_claims import ADDRESS, ServiceOfClaims, small_limits
from localsocket import CallLimits, Client, ServerThread
from localsocket.interfaces import MIB
from localsocket.log_thinning import ThinnedLog
from localsocket.testing import PATIENCE, wait_until
from services.raw_protocols import STRANGERS, Stranger
from services.test_varlink_bad_input import REFUSED as REFUSED_CALLS
from wire.test_hostile_peers import UNFIT as REFUSED_ARGUMENTS
from wire.test_http_door import REFUSED as REFUSED_REQUESTS

SOON = 0.05
MANY = 200


@pytest.fixture(params=["events", "asyncio"])
def face(request: pytest.FixtureRequest) -> Iterator[ServiceFace]:
    if request.param == "events":
        yield ServingInThread(is_async=False)
        return
    with AioFace() as loop:
        yield ServingInLoop(loop, is_async=True)


@pytest.fixture(params=STRANGERS)
def kind(request: pytest.FixtureRequest) -> type[Stranger]:
    return STRANGERS[request.param]


@contextlib.contextmanager
def served(face: ServiceFace, **options: Any) -> Iterator[ServiceOfClaims]:
    """Serve the service of the claims until nobody is connected any more."""
    options.setdefault("limits", small_limits(greeting=PATIENCE))
    of_claims = ServiceOfClaims(is_async=face.is_async, **options)
    of_claims.service._log = ThinnedLog(logging.getLogger("localsocket.services"), burst=1000)
    with of_claims.served_by(face):
        try:
            yield of_claims
        finally:
            of_claims.gate.set()
        wait_until(lambda: of_claims.service.stats().open_connections == 0, "all to be gone")


def lines_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.name == "localsocket.services"]


# --- who may ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_async", [False, True], ids=["events", "asyncio"])
def test_who_is_not_allowed_to_connect_is_told_nothing(
    kind: type[Stranger], is_async: bool, public_directory: Path
) -> None:
    of_claims = ServiceOfClaims(is_async=is_async)
    path = str(public_directory / "x.sock")
    with ServerThread(path, of_claims.service, allow=[os.geteuid() + 1], mode=0o666), kind(path) as stranger:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            stranger.say("note", what="let in")
        with pytest.raises(EOFError) as nothing:
            stranger.hear()
        assert nothing.value.args == (b"",)
    assert not of_claims.diary.notes
    assert of_claims.service.stats().connections == 0


def test_a_method_is_called_by_whom_it_allows(face: ServiceFace, kind: type[Stranger]) -> None:
    with served(face), kind(ADDRESS) as stranger:
        assert stranger.ask("forbidden", a=1)[0] == "not-allowed"
        assert stranger.ask("unclear", a=1)[0] == "failed"
        assert stranger.ask("peer") == ("result", [os.getpid(), os.geteuid()])


# --- limits -----------------------------------------------------------------------------------------------------------


def test_who_says_nothing_whole_in_time_is_disconnected(
    face: ServiceFace, kind: type[Stranger], caplog: pytest.LogCaptureFixture
) -> None:
    with served(face, limits=small_limits(greeting=SOON)), kind(ADDRESS) as mute, kind(ADDRESS) as half:
        with contextlib.suppress(ConnectionError):  # in a slow moment its time is over before
            half.socket.sendall(half.call("note", what="half")[:20])
        for stranger in (mute, half):
            with pytest.raises(EOFError):
                stranger.hear()
    assert len(lines_of(caplog)) == 2
    assert all("in time" in line for line in lines_of(caplog))


def test_a_call_that_is_too_long_ends_its_connection_with_one_log_line(
    face: ServiceFace, kind: type[Stranger], caplog: pytest.LogCaptureFixture
) -> None:
    with served(face, limits=small_limits(message=1000, greeting=PATIENCE)) as of_claims, kind(ADDRESS) as stranger:
        assert stranger.ask("add", a=1, b=2) == ("result", 3)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            stranger.say("note", what="x" * 1000)
        with contextlib.suppress(EOFError):
            assert stranger.hear()[0] == "request-too-long"
            stranger.hear()
        wait_until(lambda: len(lines_of(caplog)) == 1)
        assert "limit" in lines_of(caplog)[0]
        assert of_claims.service.stats().dropped_peers == 1
        assert not of_claims.diary.notes


def test_strangers_who_stop_amid_a_message_are_disconnected_before_all_hold_too_much(
    face: ServiceFace, kind: type[Stranger]
) -> None:
    limits = small_limits(greeting=PATIENCE)
    size = limits.message - 1000
    with served(face, limits=limits) as of_claims, ExitStack() as stack:
        stats = of_claims.service.stats
        for _ in range(12):
            stranger = stack.enter_context(kind(ADDRESS))
            stranger.socket.sendall(stranger.call("note", what="x" * size)[:-1])
        wait_until(lambda: (12 - stats().dropped_peers) * size <= limits.unfinished, "some to be disconnected")
        with Client(ADDRESS, timeout=PATIENCE) as good:
            assert good.call("add", 2, 3, timeout=PATIENCE) == 5
        assert stats().dropped_peers < 12


def test_who_does_not_read_is_read_no_further_and_delays_nobody(face: ServiceFace, kind: type[Stranger]) -> None:
    limits = small_limits(calls=1000, greeting=PATIENCE)
    with served(face, limits=limits) as of_claims, kind(ADDRESS) as stranger:
        calls = b"".join(stranger.call("zeros", count=4000) for _ in range(MANY))
        stranger.socket.settimeout(None)
        stranger.socket.sendall(calls)
        wait_until(lambda: of_claims.service.stats().bytes_unsent > 0, "it to be held back")
        with Client(ADDRESS, timeout=PATIENCE) as good:
            for number in range(20):
                assert good.call("add", number, timeout=PATIENCE) == number + 1
        assert of_claims.service.stats().bytes_unsent > 0
        stranger.socket.settimeout(PATIENCE)
        assert all(stranger.hear()[0] == "result" for _ in range(MANY))


# --- what becomes of a call -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("begun", [0, 4])
def test_a_notification_that_arrived_whole_is_run_though_its_sender_has_gone(
    face: ServiceFace, kind: type[Stranger], begun: int
) -> None:
    """The sender leaves at once, or when as many have begun as may, and no more is read while they last."""
    with served(face, limits=small_limits(calls=4, greeting=PATIENCE)) as of_claims:
        with kind(ADDRESS) as leaving:
            first, *others = (leaving.notification("note_later", what=str(number)) for number in range(20))
            leaving.socket.sendall(b"".join([first, *others, leaving.notification("note", what="last")[:-1]]))
            wait_until(lambda: of_claims.service.stats().calls >= begun, "some to begin")
        wait_until(lambda: of_claims.service.stats().open_connections == 0, "it to be gone")
        of_claims.gate.set()
        of_claims.diary.wait_for(*map(str, range(20)))
        assert "last" not in of_claims.diary.notes


def test_the_same_calls_are_counted_the_same(face: ServiceFace, kind: type[Stranger]) -> None:
    with served(face) as of_claims, kind(ADDRESS) as stranger:
        stats = of_claims.service.stats
        stranger.say("hold")
        of_claims.diary.wait_for("held")
        assert (stats().active_calls, stats().open_connections) == (1, 1)
        of_claims.gate.set()
        assert stranger.hear() == ("result", "released")
        assert stranger.ask("add", a=1) == ("result", 2)
        assert stranger.ask("add", a="1")[0] == "bad-arguments"
        assert stranger.ask("no_such_method")[0] == "no-such-method"
        assert stranger.ask("fail", how="refused")[0] == "raised"
        stranger.socket.sendall(stranger.notification("note", what="here"))
        of_claims.diary.wait_for("here")
        wait_until(lambda: stats().active_calls == 0)
        counted = stats()
        assert (counted.connections, counted.calls, counted.errors, counted.dropped_peers) == (1, 6, 3, 0)
        assert 0 < counted.latency_p50 <= counted.latency_p99
        assert counted.bytes_received > 100 < counted.bytes_sent


def test_each_call_is_traced_with_its_service_and_its_method(face: ServiceFace, kind: type[Stranger]) -> None:
    traced: list[str] = []

    class Tracing:
        def calling(self, service: str, method: str) -> AbstractContextManager[dict[str, str]]:
            raise AssertionError("nobody calls here")

        @contextlib.contextmanager
        def serving(self, service: str, method: str, carrier: dict[str, str]) -> Iterator[None]:
            yield
            traced.append(f"{service}/{method} {carrier}")

    with served(face, tracing=Tracing()) as of_claims, kind(ADDRESS) as stranger:
        assert stranger.ask("deep.sea.add", a=1, b=2) == ("result", 3)
        stranger.socket.sendall(stranger.notification("note", what="here"))
        of_claims.diary.wait_for("here")
        wait_until(lambda: len(traced) == 2)
    assert traced == ["contract.service/deep.sea.add {}", "contract.service/note {}"]


def test_what_fails_is_logged_with_its_peer_and_the_reference_that_is_told(
    face: ServiceFace, kind: type[Stranger], caplog: pytest.LogCaptureFixture
) -> None:
    with served(face), kind(ADDRESS) as stranger:
        code, told = stranger.ask("fail", how="unknown")
        stranger.socket.sendall(stranger.notification("add", a="none"))
        wait_until(lambda: len(lines_of(caplog)) == 2)
    assert code == "failed"
    failed, refused = lines_of(caplog)
    who = f"pid {os.getpid()} of uid {os.geteuid()}"
    assert failed == f"contract.service.fail failed for {who}, reference {told['reference']}"
    assert refused.startswith("a notification to service 'contract.service' was not served: ")
    assert "secret" not in str(told)


# --- bad input --------------------------------------------------------------------------------------------------------


def test_there_are_thirty_kinds_of_bad_input(kind: type[Stranger]) -> None:
    refused = {"localsocket": REFUSED_ARGUMENTS, "varlink": REFUSED_CALLS, "http": REFUSED_REQUESTS}[kind.protocol]
    assert len(kind.broken) + len(refused) >= 30


def test_bad_input_delays_nobody_beside_it(
    face: ServiceFace, kind: type[Stranger], caplog: pytest.LogCaptureFixture
) -> None:
    """The good clients' calls end while all the bad input is there but for its last byte, and again behind that."""
    limits = CallLimits(message=2000 if kind.protocol == "http" else 2 * MIB, greeting=PATIENCE)
    with served(face, limits=limits) as of_claims, ExitStack() as stack:
        good = [stack.enter_context(each(ADDRESS)) for each in STRANGERS.values()]
        ours = stack.enter_context(Client(ADDRESS, timeout=PATIENCE))
        assert [each.ask("add", a=2) for each in good] == [("result", 3)] * 3
        bad = []
        for said in kind.broken.values():
            stranger = stack.enter_context(kind(ADDRESS))
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                stranger.socket.sendall(said[:-1])
            bad.append((stranger, said))
        for each in good:
            assert each.ask("add", a=2) == ("result", 3)
        assert ours.call("add", 2, timeout=PATIENCE) == 3
        assert of_claims.service.stats().dropped_peers < len(bad)  # some wait for their end still
        for stranger, said in bad:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                stranger.socket.sendall(said[-1:])
        assert [each.ask("add", a=2) for each in good] == [("result", 3)] * 3
        for stranger, _ in bad:
            with contextlib.suppress(ConnectionResetError):
                while stranger.socket.recv(65536):
                    pass
        wait_until(lambda: of_claims.service.stats().dropped_peers == len(bad), "each to be disconnected")
        assert [each.ask("add", a=2) for each in good] == [("result", 3)] * 3
    assert len(lines_of(caplog)) == len(bad)
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_a_client_is_served_while_a_stranger_is_refused_again_and_again(
    face: ServiceFace, kind: type[Stranger]
) -> None:
    """The stranger reads none of its refusals, so that all of them are still on their way."""
    with served(face, limits=small_limits(calls=1000, greeting=PATIENCE)) as of_claims, kind(ADDRESS) as stranger:
        stats = of_claims.service.stats
        stranger.socket.setblocking(False)
        refused = b""
        while stats().bytes_unsent < 20_000:  # so that the kernel takes no more
            refused = refused or stranger.call("greet", person=["x" * 300], mood="x" * 300)
            with contextlib.suppress(BlockingIOError):
                refused = refused[stranger.socket.send(refused) :]
        with Client(ADDRESS, timeout=PATIENCE) as good:
            for number in range(20):
                assert good.call("add", number, timeout=PATIENCE) == number + 1
        assert stats().bytes_unsent > 0
        assert stats().errors > 0
