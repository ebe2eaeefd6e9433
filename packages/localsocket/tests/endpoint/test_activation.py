"""Descriptors that a service manager opened are found by name, and by the process they are meant for only."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from localsocket import activation_descriptors, connect
from programs import Program


@pytest.fixture
def hand_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))


@pytest.mark.parametrize(
    ("count", "names", "found"),
    [
        ("1", None, {"unknown": 3}),
        ("3", None, {"unknown": 3, "unknown.1": 4, "unknown.2": 5}),
        ("2", "web:control", {"web": 3, "control": 4}),
        ("3", "a:a:a", {"a": 3, "a.1": 4, "a.2": 5}),
        ("3", "a:a.1:a", {"a": 3, "a.1": 4, "a.2": 5}),
        ("3", "a::b", {"a": 3, "unknown": 4, "b": 5}),
        ("2", "one", {"one": 3, "unknown": 4}),
        ("1", "one:two", {"one": 3}),
        ("0", "one", {}),
        ("", None, {}),
        ("-1", None, {}),
        ("two", None, {}),
    ],
)
@pytest.mark.usefixtures("hand_over")
def test_each_descriptor_has_its_name(
    monkeypatch: pytest.MonkeyPatch, count: str, names: str | None, found: dict[str, int]
) -> None:
    monkeypatch.setenv("LISTEN_FDS", count)
    if names is None:
        monkeypatch.delenv("LISTEN_FDNAMES", raising=False)
    else:
        monkeypatch.setenv("LISTEN_FDNAMES", names)
    assert activation_descriptors() == found


@pytest.mark.usefixtures("hand_over")
def test_a_missing_count_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LISTEN_FDS", raising=False)
    assert activation_descriptors() == {}


@pytest.mark.parametrize("pid", [None, "", "1", "0", " "])
def test_descriptors_for_another_process_are_not_ours(monkeypatch: pytest.MonkeyPatch, pid: str | None) -> None:
    monkeypatch.setenv("LISTEN_FDS", "1")
    if pid is None:
        monkeypatch.delenv("LISTEN_PID", raising=False)
    else:
        monkeypatch.setenv("LISTEN_PID", pid)
    assert activation_descriptors() == {}


@pytest.mark.long
def test_a_service_that_is_started_by_its_first_client_serves_it(runtime_directory: Path) -> None:
    """As systemd does it: the manager listens, a client connects, then a process is started for it; twice."""
    path = runtime_directory / "service.sock"
    with socket.socket(socket.AF_UNIX) as manager:
        manager.bind(str(path))
        manager.listen()
        for _ in range(2):
            with connect(path) as client:
                client.write(b"are you there?\n")
                with Program("activated.py", manager.fileno(), pass_fds=[manager.fileno()]) as service:
                    assert service.read() == {"descriptors": {"greeter": 3}, "address": str(path)}
                    answer = json.loads(client.read_line())
                    assert answer == {"pid": service.pid, "asked": "are you there?"}
                    service.end()
            assert path.is_socket()
    path.unlink()


@pytest.mark.long
def test_a_child_of_the_service_does_not_take_the_descriptors_for_its_own(runtime_directory: Path) -> None:
    with socket.socket(socket.AF_UNIX) as manager:
        manager.bind(str(runtime_directory / "service.sock"))
        manager.listen()
        with Program("activated.py", manager.fileno(), "--in-a-child", pass_fds=[manager.fileno()]) as service:
            assert service.read() == {"descriptors": {}}
            service.end()
    (runtime_directory / "service.sock").unlink()
