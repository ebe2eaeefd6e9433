"""Who may call: the door admits by the peer's credentials, and each method may admit fewer."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localsocket import ANY_USER, SAME_USER, Client, PeerCredentials, ServerThread, Service, current_call
from localsocket.errors import CallFailed, NotAllowed, PeerRefused, RemoteError
from localsocket.services.method import Method
from programs import NOBODY, STRANGER, Program, run
from services.conftest import ADDRESS, Serve

US = os.geteuid()


class Door(Exception):
    pass


def allowed(allow: Any, uid: int) -> bool:
    method = Method("f", lambda: None, allow=allow)
    try:
        method.check_caller(PeerCredentials(pid=1, uid=uid, gid=uid))
    except NotAllowed:
        return False
    return True


@pytest.mark.parametrize(
    ("allow", "admits"),
    [
        (None, [US, 0, NOBODY]),
        (ANY_USER, [US, 0, NOBODY]),
        (SAME_USER, [US, 0]),
        ([NOBODY], [NOBODY]),
        ({US, NOBODY}, [US, NOBODY]),
        ([], []),
        (lambda peer: peer.uid == NOBODY, [NOBODY]),
        (lambda peer: True, [US, 0, NOBODY]),
        (lambda peer: 1, []),  # only True is a yes
        (lambda peer: None, []),
    ],
)
def test_allow_admits_whom_it_says(allow: Any, admits: list[int]) -> None:
    assert {uid for uid in (US, 0, NOBODY) if allowed(allow, uid)} == set(admits)


def test_later_changes_of_what_was_given_change_nothing() -> None:
    uids = [NOBODY]
    method = Method("f", lambda: None, allow=uids)
    uids.append(STRANGER)
    with pytest.raises(NotAllowed):
        method.check_caller(PeerCredentials(pid=1, uid=STRANGER, gid=0))


# --- over a connection ----------------------------------------------------------------------------------------------


class Guarded:
    """Methods that different callers may call; `called` tells which were."""

    def __init__(self) -> None:
        self.service = Service("guarded", errors=[Door])
        self.called: list[str] = []
        self.asked: list[PeerCredentials] = []
        self.service.method(self.open)
        self.service.method(self.open, name="ours", allow=SAME_USER)
        self.service.method(self.open, name="nobodys", allow=[NOBODY])
        self.service.method(self.open, name="asked", allow=self.ask)
        self.service.method(self.open, name="confused", allow=lambda peer: 1 / 0 == 0)
        self.service.method(self.open, name="declared", allow=self.refuse)
        self.service.method(self.stream, allow=[NOBODY])

    def open(self) -> int:
        self.called.append(current_call().method.name)
        return current_call().peer.uid

    def stream(self) -> Iterator[int]:
        self.called.append("stream")
        yield 1

    def ask(self, peer: PeerCredentials) -> bool:
        self.asked.append(peer)
        return len(self.asked) > 1

    def refuse(self, peer: PeerCredentials) -> bool:
        raise Door("not today")


def test_who_may_not_call_is_told_so_and_nothing_is_called(serve: Serve) -> None:
    guarded = Guarded()
    with serve(guarded.service), Client(ADDRESS) as client:
        for method in ("nobodys", "stream"):
            with pytest.raises(NotAllowed, match=f"this user may not call '{method}'"):
                client.call(method)
        with pytest.raises(PermissionError):
            client.call("nobodys", "arguments are not looked at")
        assert client.call("ours") == client.call("open") == US
        assert guarded.called == ["ours", "open"]


def test_a_function_is_asked_for_each_call_with_who_calls(serve: Serve) -> None:
    guarded = Guarded()
    with serve(guarded.service), Client(ADDRESS) as client:
        with pytest.raises(NotAllowed):
            client.call("asked")
        assert client.call("asked") == US
        assert [(peer.pid, peer.uid) for peer in guarded.asked] == [(os.getpid(), US)] * 2


def test_a_function_that_fails_allows_nobody_and_is_logged(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    guarded = Guarded()
    with serve(guarded.service), Client(ADDRESS) as client:
        with pytest.raises(CallFailed) as caught:
            client.call("confused")
        assert "ZeroDivisionError" in caplog.text
        assert caught.value.reference in caplog.text
        with pytest.raises(RemoteError, match="not today"):
            client.call("declared")
        assert not guarded.called


def test_a_notification_by_who_may_not_call_is_logged(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    guarded = Guarded()
    with serve(guarded.service), Client(ADDRESS) as client:
        client.notify("nobodys")
        assert client.call("open") == US
        assert guarded.called == ["open"]
        (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
        assert "this user may not call 'nobodys'" in record.getMessage()


def test_everybody_is_told_which_methods_there_are(serve: Serve) -> None:
    with serve(Guarded().service), Client(ADDRESS) as client:
        assert "nobodys" in {method.name for method in client.describe().methods}


# --- as another user ------------------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.root
def test_another_user_calls_what_it_may_and_no_more(public_directory: Path) -> None:
    guarded, path = Guarded(), public_directory / "x.sock"
    with ServerThread(path, guarded.service, mode=0o666, allow=ANY_USER):
        for uid, expected in (
            (NOBODY, {"open": NOBODY, "ours": "NotAllowed", "nobodys": NOBODY, "stream": [1]}),
            (STRANGER, {"open": STRANGER, "ours": "NotAllowed", "nobodys": "NotAllowed", "stream": "NotAllowed"}),
        ):
            assert run("call_methods.py", path, *expected, uid=uid) == [expected]
    assert guarded.called == ["open", "nobodys", "stream", "open"]


@pytest.mark.long
@pytest.mark.root
def test_who_is_not_admitted_at_the_door_calls_nothing(public_directory: Path) -> None:
    guarded, path = Guarded(), public_directory / "x.sock"
    with ServerThread(path, guarded.service, mode=0o666):
        assert run("call_methods.py", path, "open", uid=NOBODY) == [{"failed": "ClosedByPeer"}]
    assert not guarded.called


@pytest.mark.long
@pytest.mark.root
def test_a_client_trusts_a_server_of_its_own_user_or_root_unless_told_otherwise(public_directory: Path) -> None:
    path = public_directory / "x.sock"
    with ServerThread(path, Guarded().service, mode=0o666, allow=ANY_USER):
        assert run("call_methods.py", path, "open", "--own-server-only", uid=NOBODY) == [{"open": NOBODY}]
    with Program("serve_calls.py", "plain", path, uid=NOBODY) as server:
        server.read()
        with pytest.raises(PeerRefused):
            Client(path).open()
        with Client(path, allow_server=[NOBODY]) as client:
            assert client.call("echo", b"x") == b"x"
