"""Who may open the door: lessons S1 to S6, each from somebody's incident."""

from __future__ import annotations

import os
import socket
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localsocket import ANY_USER, LocalServer, connect, listen
from localsocket.endpoint.address import EndpointKind, parse_address
from localsocket.endpoint.runtime_directory import runtime_directory as default_directory
from localsocket.errors import InsecureDirectory, InvalidAddress, PathOccupied
from programs import NOBODY, Program, run

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has abstract addresses")


# --- S1: there is no moment at which others may connect -----------------------------------------------------------


@pytest.mark.long
def test_s1_no_file_is_open_to_others_for_an_instant(runtime_directory: Path) -> None:
    (seen,) = run("watch_modes.py", runtime_directory / "watched", 300)
    assert seen["x.sock"] == ["600"]
    assert seen[".x.sock.lock"] == ["600"]
    assert set(seen[".x.sock.new"]) <= {"600"}


@pytest.mark.long
@pytest.mark.root
def test_s1_another_user_may_not_connect(public_directory: Path) -> None:
    path = public_directory / "x.sock"
    with listen(path) as server:
        assert run("knock.py", path, uid=NOBODY) == [{"failed": "PermissionError"}]
        (refusal,) = run("call.py", path, uid=NOBODY)
        assert refusal["failed"] == "AccessDenied"
        assert refusal["message"].startswith(f"this user (uid {NOBODY}) may not connect to {str(path)!r}")
        assert server.accept_nowait() is None


@pytest.mark.root
def test_s1_another_user_finds_nothing_in_the_runtime_directory(runtime_directory: Path) -> None:
    with listen("private") as server:
        runtime_directory.parent.chmod(0o755)
        runtime_directory.chmod(0o755)
        assert run("knock.py", runtime_directory / "localsocket" / "private", uid=NOBODY) == [
            {"failed": "PermissionError"}
        ]
        assert server.accept_nowait() is None


# --- S2: the umask is the process's, not ours ---------------------------------------------------------------------


def test_s2_the_umask_is_never_swapped(runtime_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    swaps: list[int] = []
    monkeypatch.setattr(os, "umask", swaps.append)
    for mode in (0o600, 0o666):
        with listen("x", mode=mode), connect("x"):
            assert stat.S_IMODE((runtime_directory / "localsocket" / "x").stat().st_mode) == mode
    assert not swaps


# --- S3: abstract names have no permissions -----------------------------------------------------------------------


@pytest.mark.long
@linux_only
@pytest.mark.root
def test_s3_another_user_is_turned_away_from_an_abstract_name() -> None:
    address = f"@localsocket-{os.getpid()}"
    with Program("serve.py", address) as server:
        server.read()
        assert run("knock.py", address, uid=NOBODY) == [{"received": ""}]
        (greeting,) = run("call.py", address)
        assert (greeting["uid"], greeting["server"]) == (0, server.pid)


@linux_only
def test_s3_an_abstract_name_cannot_be_opened_to_others() -> None:
    with pytest.raises(ValueError, match="only allow=SAME_USER is possible; use a path instead"):
        listen("@localsocket", allow=ANY_USER)
    with socket.socket(socket.AF_UNIX) as foreign:
        foreign.bind(f"\0localsocket-{os.getpid()}")
        foreign.listen()
        with pytest.raises(ValueError, match="only allow=SAME_USER is possible"):
            LocalServer.adopt_descriptor(foreign.fileno(), allow=ANY_USER)


# --- S4: predictable names in /tmp --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prepared", "reason"),
    [
        pytest.param("by another user", f"it belongs to uid {NOBODY}", marks=pytest.mark.root),
        ("as a link", "it is a symbolic link"),
        ("open to all", "other users may enter it (mode 0777)"),
        ("as a file", "it is not a usable directory"),
    ],
)
@pytest.mark.parametrize("face", [listen, connect])
def test_s4_a_directory_that_somebody_prepared_in_tmp_is_refused(
    public_directory: Path, monkeypatch: pytest.MonkeyPatch, prepared: str, reason: str, face: Any
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr(os.path, "isdir", lambda path: False)  # no /run/user
    monkeypatch.setenv("TMPDIR", str(public_directory))
    directory = public_directory / f"localsocket-{os.geteuid()}"
    elsewhere = public_directory / "elsewhere"
    match prepared:
        case "by another user":
            directory.mkdir(mode=0o700)
            os.chown(directory, NOBODY, NOBODY)
        case "as a link":
            elsewhere.mkdir(mode=0o700)
            directory.symlink_to(elsewhere)
        case "open to all":
            directory.mkdir()
            directory.chmod(0o777)
        case "as a file":
            directory.touch()
    with pytest.raises(InsecureDirectory) as caught:
        face("editor.control")
    assert caught.value.path == str(directory)
    assert reason in str(caught.value)
    monkeypatch.undo()
    if prepared == "as a link":
        assert not os.listdir(elsewhere)
        elsewhere.rmdir()
    directory.rmdir() if directory.is_dir() and not directory.is_symlink() else directory.unlink()


# --- S5: nothing is followed, nothing of another kind is removed --------------------------------------------------


def test_s5_whatever_is_in_the_way_is_refused_and_still_there(runtime_directory: Path) -> None:
    with listen("other"):
        place = runtime_directory / "localsocket" / "x"
        precious = runtime_directory / "precious"
        precious.write_text("precious")
        makers: dict[str, Callable[[], object]] = {
            "a plain file": lambda: place.write_text("mine"),
            "a directory": place.mkdir,
            "a fifo": lambda: os.mkfifo(place),
            "a symbolic link to a file": lambda: place.symlink_to(precious),
            "a symbolic link to a live socket": lambda: place.symlink_to("other"),
        }
        for kind, make in makers.items():
            make()
            before = place.lstat()
            with pytest.raises(PathOccupied) as caught:
                listen("x")
            assert kind.startswith(caught.value.kind)
            assert os.path.samestat(place.lstat(), before)
            place.rmdir() if kind == "a directory" else place.unlink()
        assert precious.read_text() == "precious"
        precious.unlink()
        with connect("other"):
            pass


@pytest.mark.root
def test_s5_a_socket_of_another_user_is_refused_and_still_serves(public_directory: Path) -> None:
    path = public_directory / "x.sock"
    with Program("record.py", path, uid=NOBODY) as other:
        other.read()
        with pytest.raises(PathOccupied, match=f"is a socket of uid {NOBODY}; remove it yourself"):
            listen(path)
        with connect(path, allow_server=[NOBODY]) as client:
            client.write(b"12345")
        assert other.end() == [{"received": 5}]


# --- S6: a name stays in its directory ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["..", "a/../../x", "../..", "./../x/", "a/b", "x\0y", "..\\x", "qt:../x", ".x"])
def test_s6_a_name_that_would_leave_its_directory_creates_nothing(runtime_directory: Path, name: str) -> None:
    with pytest.raises(InvalidAddress):
        listen(name)
    assert not [path for path in runtime_directory.parent.rglob("*") if path.name not in ("run", "tmp")]


@pytest.mark.long
@given(st.text(alphabet=st.sampled_from("ab./\\~\0-_:@ é"), max_size=70))
def test_s6_a_name_is_refused_or_in_its_directory(text: str) -> None:
    try:
        endpoint = parse_address(text)
    except InvalidAddress:
        return
    # Whoever wants another place has to say so by how the text begins.
    assert (endpoint.kind is EndpointKind.NAME) == (not text.startswith(("/", "./", "../", "@", "qt:")))
    if endpoint.kind is EndpointKind.NAME:
        assert os.path.dirname(os.path.abspath(endpoint.location)) == default_directory()
