"""`localsocket audit`: who may connect to what, what is wrong with it, and a status for scripts."""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import localsocket
from localsocket.cli import audit_command
from localsocket.tools import auditing

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def place(runtime_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The only directory that is looked into, besides that of the names; every user may enter it."""
    assert runtime_directory
    place = Path(tempfile.mkdtemp(dir="/tmp"))
    place.chmod(0o755)
    monkeypatch.setattr(auditing, "_ROOTS", {str(place): 2})
    # Of other programs, and of tests that run beside this one.
    monkeypatch.setattr(auditing, "listening_sockets", list)
    monkeypatch.setattr(auditing, "abstract_endpoints", list)
    monkeypatch.setattr(audit_command, "entry_points", lambda **_: ())
    yield place
    shutil.rmtree(place)


@pytest.fixture
def bound() -> Iterator[Callable[..., None]]:
    """Bind a socket to a path, with a mode; it listens unless told otherwise."""
    sockets = []

    def bind(path: Path, mode: int, *, listens: bool = True) -> None:
        sock = socket.socket(socket.AF_UNIX)
        sockets.append(sock)
        sock.bind(str(path))
        path.chmod(mode)
        if listens:
            sock.listen()
        else:
            sock.close()

    yield bind
    for sock in sockets:
        sock.close()


def audited(command: Command, *options: str) -> tuple[int, dict[str, dict[str, Any]]]:
    status, output, errors = command("audit", "--json", *options)
    assert errors == ""
    return status, {each["name"].rpartition("/")[2]: each for each in json.loads(output)["endpoints"]}


def rules(endpoint: dict[str, Any]) -> list[str]:
    return [each["rule"] for each in endpoint["wrong"]]


def test_a_name_of_ours_has_nothing_wrong_with_it(command: Command) -> None:
    with localsocket.listen("demo.audited"):
        status, found = audited(command)
        assert (status, found["demo.audited"]["wrong"], found["demo.audited"]["ours"]) == (0, [], True)
        assert command("audit", "--wrong") == (0, "nothing is wrong\n", "")


def test_what_everybody_may_connect_to_is_told_with_its_repair(
    command: Command, bound: Callable[..., None], place: Path
) -> None:
    bound(place / "open", 0o666)
    bound(place / "closed", 0o600)
    status, found = audited(command)
    assert (status, found["open"]["may_connect"], rules(found["open"])) == (1, "everyone", ["LS101"])
    assert found["open"]["wrong"][0]["repair"].startswith(f"chmod 600 {place / 'open'}")
    assert (found["closed"]["wrong"], found["closed"]["ours"]) == ([], False)


def test_a_private_directory_keeps_others_from_an_open_socket(
    command: Command, bound: Callable[..., None], place: Path
) -> None:
    (place / "private").mkdir(mode=0o700)
    bound(place / "private" / "open", 0o666)
    status, found = audited(command)
    assert (status, found["open"]["wrong"], found["open"]["directory_mode"]) == (0, [], "0700")


def test_a_shared_directory_and_a_server_that_is_gone_are_told(
    command: Command, bound: Callable[..., None], place: Path
) -> None:
    place.chmod(0o1777)
    bound(place / "gone", 0o600, listens=False)
    status, output, errors = command("audit")
    assert (status, errors) == (1, "")
    head, row = output.splitlines()[:2]
    assert head.split()[:3] == ["endpoint", "owner", "mode"]
    assert row.endswith("LS105, LS209")
    assert "LS105: path in a directory shared by all users" in output
    assert f"rm {place / 'gone'}" in output
    assert rules(audited(command)[1]["gone"]) == ["LS105", "LS209"]


def test_a_group_with_others_in_it_is_named(
    command: Command, bound: Callable[..., None], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "_is_private", lambda *_: False)
    monkeypatch.setattr(auditing, "_group_name", lambda _: "staff")
    monkeypatch.setattr(auditing, "_lets_in", lambda *_: True)
    bound(place / "ours", 0o660)
    status, found = audited(command)
    assert (status, rules(found["ours"])) == (1, ["LS101"])
    assert found["ours"]["may_connect"].endswith(", group staff")


def test_an_abstract_name_lets_everybody_in(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(auditing, "_ROOTS", {})
    address = f"@audit-{os.getpid()}"
    with localsocket.listen(address):
        status, found = audited(command, "--mine", "--wrong")
    assert (status, found[address]["may_connect"], rules(found[address])) == (1, "everyone", ["LS104"])


@pytest.mark.parametrize(("kind", "called"), [(socket.SOCK_DGRAM, "datagram"), (socket.SOCK_SEQPACKET, "seqpacket")])
def test_sockets_of_other_kinds_are_told_too(
    command: Command, place: Path, monkeypatch: pytest.MonkeyPatch, kind: socket.SocketKind, called: str
) -> None:
    with socket.socket(socket.AF_UNIX, kind) as on_disk, socket.socket(socket.AF_UNIX, kind) as abstract:
        on_disk.bind(str(place / "open"))
        (place / "open").chmod(0o666)
        abstract.bind(f"\0audit-{os.getpid()}")
        if kind == socket.SOCK_SEQPACKET:
            on_disk.listen()
            abstract.listen()
        status, found = audited(command)
        assert (status, found["open"]["state"], found["open"]["kind"]) == (1, "live", called)
        assert rules(found["open"]) == ["LS101"]
        head, row = command("audit")[1].splitlines()[:2]
        assert (head.split()[-1], row.split()[-1]) == ("kind", called)
        monkeypatch.undo()
        monkeypatch.setattr(auditing, "_ROOTS", {})
        assert audited(command, "--mine")[1][f"@audit-{os.getpid()}"]["kind"] == called


def test_what_others_serve_does_not_make_it_fail(
    command: Command, bound: Callable[..., None], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.chmod(0o1777)
    bound(place / "theirs", 0o600)
    uid = os.geteuid()
    monkeypatch.setattr("localsocket.cli.audit_command.os.geteuid", lambda: uid + 1)
    assert audited(command)[0] == 0
    assert audited(command, "--mine") == (0, {})


@pytest.mark.long
def test_two_thousand_endpoints_cost_one_look_at_the_kernels_tables(
    command: Command, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        directory = place / str(number)
        directory.mkdir()
        for each in range(100):
            os.mknod(directory / str(each), 0o140600)  # a socket file without a socket
    looks: list[int] = []
    real = auditing.ServedNow
    monkeypatch.setattr(auditing, "ServedNow", lambda: (looks.append(1), real())[1])
    status, output, _ = command("audit")
    assert status == 1
    assert len(looks) == 1
    assert sum("LS209" in line for line in output.splitlines()) == 2001
    assert "- and 1995 more; --json has them all" in output


def test_the_reviewers_words_are_told_where_it_is_installed(
    command: Command, bound: Callable[..., None], place: Path, monkeypatch: pytest.MonkeyPatch, hostile: str
) -> None:
    class Found:
        @staticmethod
        def load() -> Callable[[str], tuple[str, str]]:
            return lambda rule: (f"the title of {rule}", f"its repair {hostile}")

    monkeypatch.setattr(audit_command, "entry_points", lambda **_: (Found,))
    bound(place / "gone", 0o600, listens=False)
    output = command("audit")[1]
    assert "LS209: the title of LS209\n  its repair \\x1b]0;owned" in output
