"""Whom `allow=` lets in can connect, on every API, or the server does not start and says what to change."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

import localsocket
import localsocket.anyio
from localsocket import (
    ANY_USER,
    SAME_USER,
    EventSocket,
    Handler,
    LocalServer,
    LocalSocket,
    ServerThread,
    Service,
    aio,
    connect,
    listen,
)
from localsocket.errors import UnsuitableAllow
from localsocket.testing import PATIENCE
from programs import NOBODY, STRANGER, Program, run

Serving = Callable[..., AbstractContextManager[object]]


class Welcome(Handler):
    """Says so, and no more."""

    def connected(self, socket: EventSocket) -> None:
        socket.write(b"welcome\n")
        socket.close()

    def ready_read(self, socket: EventSocket) -> None:
        socket.skip(socket.bytes_available)


def welcome(socket: LocalSocket) -> None:
    socket.write(b"welcome\n")


async def welcome_soon(socket: aio.LocalSocket) -> None:
    await socket.write(b"welcome\n")


@contextmanager
def accepting(path: Path, **options: Any) -> Iterator[None]:
    def accept(server: LocalServer) -> None:
        for each in server:
            with each:
                each.write(b"welcome\n")

    with listen(path, **options) as server:
        thread = threading.Thread(target=accept, args=[server])
        thread.start()
        yield
    thread.join()


def in_thread_of(handler: Any) -> Serving:
    return lambda path, **options: ServerThread(path, handler, **options)


async def serve_tasks(path: Path, options: dict[str, Any], started: threading.Event, stop: asyncio.Event) -> None:
    async with aio.serve(path, welcome_soon, **options):
        started.set()
        await stop.wait()


async def accept_in_asyncio(path: Path, options: dict[str, Any], started: threading.Event, stop: asyncio.Event) -> None:
    async with aio.listen(path, **options) as server:
        started.set()
        while not stop.is_set():
            if (socket := server.accept_nowait()) is not None:
                async with socket:
                    await socket.write(b"welcome\n")
            await asyncio.sleep(0.001)


async def accept_in_anyio(path: Path, options: dict[str, Any], started: threading.Event, stop: asyncio.Event) -> None:
    async def greet(socket: Any) -> None:
        async with socket:
            await socket.send(b"welcome\n")

    async with localsocket.anyio.listen(path, **options) as server, anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, greet)
        started.set()
        await stop.wait()
        tasks.cancel_scope.cancel()


def in_loop(serve: Callable[..., Any]) -> Serving:
    """Serve in an asyncio loop, in a thread, until the block is left."""

    @contextmanager
    def serving(path: Path, **options: Any) -> Iterator[None]:
        started, failed = threading.Event(), list[BaseException]()
        loop = asyncio.new_event_loop()
        stop = asyncio.Event()

        def run() -> None:
            try:
                loop.run_until_complete(serve(path, options, started, stop))
            except BaseException as error:
                failed.append(error)
                started.set()
            finally:
                loop.close()

        thread = threading.Thread(target=run)
        thread.start()
        assert started.wait(PATIENCE)
        try:
            if failed:
                raise failed[0]
            yield
        finally:
            if not failed:
                loop.call_soon_threadsafe(stop.set)
            thread.join()

    return serving


EVERY_API = pytest.mark.parametrize(
    "serving",
    [
        pytest.param(accepting, id="listen"),
        pytest.param(in_thread_of(Welcome()), id="events"),
        pytest.param(in_thread_of(welcome), id="threads"),
        pytest.param(in_thread_of(welcome_soon), id="tasks in a thread"),
        pytest.param(in_loop(serve_tasks), id="aio.serve"),
        pytest.param(in_loop(accept_in_asyncio), id="aio.listen"),
        pytest.param(in_loop(accept_in_anyio), id="anyio.listen"),
    ],
)


def answer(path: Path, uid: int) -> str:
    """Return what another user is told there: nothing, if it is turned away."""
    (told,) = run("knock.py", path, uid=uid)
    return str(told.get("received", told.get("failed")))


# --- whom allow= lets in can come ------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.root
@EVERY_API
@pytest.mark.parametrize(
    ("allow", "admitted"), [(ANY_USER, {NOBODY, STRANGER}), ([NOBODY], {NOBODY}), (SAME_USER, set[int]())]
)
def test_who_is_let_in_can_come_and_nobody_else(
    public_directory: Path, serving: Serving, allow: Any, admitted: set[int]
) -> None:
    path = public_directory / "x.sock"
    with serving(path, allow=allow):
        assert stat.S_IMODE(path.stat().st_mode) == (0o666 if admitted else 0o600)
        answers = {uid: answer(path, uid) for uid in (NOBODY, STRANGER)}
    turned_away = "" if admitted else "PermissionError"
    assert answers == {uid: "welcome\n" if uid in admitted else turned_away for uid in (NOBODY, STRANGER)}


def plain() -> int:
    return localsocket.current_call().peer.uid


async def soon() -> int:
    return localsocket.current_call().peer.uid


async def serve_service(path: Path, options: dict[str, Any], started: threading.Event, stop: asyncio.Event) -> None:
    service = Service("doors")
    service.method(soon, name="uid")
    async with aio.serve(path, service, **options):
        started.set()
        await stop.wait()


def in_thread(function: Callable[[], Any]) -> Serving:
    def serving(path: Path, **options: Any) -> ServerThread:
        service = Service("doors")
        service.method(function, name="uid")
        return ServerThread(path, service, **options)

    return serving


@pytest.mark.long
@pytest.mark.root
@pytest.mark.parametrize("serving", [in_thread(plain), in_thread(soon), in_loop(serve_service)])
def test_who_is_let_in_can_call(public_directory: Path, serving: Serving) -> None:
    path = public_directory / "x.sock"
    with serving(path, allow=[NOBODY]):
        assert run("call_methods.py", path, "uid", uid=NOBODY) == [{"uid": NOBODY}]
        assert run("call_methods.py", path, "uid", uid=STRANGER) == [{"failed": "ClosedByPeer"}]


@pytest.mark.parametrize("allow", [SAME_USER, [os.geteuid()], [0], []])
def test_where_nobody_else_is_let_in_the_file_is_private(runtime_directory: Path, allow: Any) -> None:
    for address in ("editor.control", runtime_directory / "x.sock"):
        with listen(address, allow=allow) as server:
            assert server.endpoint is not None
            assert stat.S_IMODE(os.stat(server.endpoint.location).st_mode) == 0o600


# --- else the server does not start ----------------------------------------------------------------------------------


@EVERY_API
@pytest.mark.parametrize("allow", [ANY_USER, [NOBODY]])
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o700, 0o755])
def test_a_mode_that_keeps_them_out_is_refused(public_directory: Path, serving: Serving, allow: Any, mode: int) -> None:
    path = public_directory / "x.sock"
    reason = f"mode {mode:04o} does not let them connect"
    with pytest.raises(UnsuitableAllow, match=reason) as caught, serving(path, allow=allow, mode=mode):
        pass
    assert "give it mode 0666 (allow= still turns away everybody whom it does not name), or change allow=" in str(
        caught.value
    )
    assert isinstance(caught.value, ValueError)
    assert (caught.value.address, caught.value.path) == (str(path), str(path))


@EVERY_API
@pytest.mark.parametrize("allow", [ANY_USER, [STRANGER]])
def test_a_name_is_refused_since_names_are_private(runtime_directory: Path, serving: Serving, allow: Any) -> None:
    reason = "listen at a path in a directory that they may enter"
    with pytest.raises(UnsuitableAllow, match=reason) as caught, serving("editor.control", allow=allow):
        pass
    assert caught.value.path == str(runtime_directory / "localsocket")
    assert not list(runtime_directory.iterdir())


@EVERY_API
@pytest.mark.parametrize("allow", [ANY_USER, [NOBODY]])
@pytest.mark.parametrize("depth", [1, 2])
def test_a_directory_that_keeps_them_out_is_refused_by_its_path(
    public_directory: Path, serving: Serving, allow: Any, depth: int
) -> None:
    closed = public_directory / "closed"
    place = closed / "open" if depth == 2 else closed
    place.mkdir(parents=True)
    closed.chmod(0o700)
    reason = rf"the directory '{closed}' \(mode 0700\) does not let them"
    with pytest.raises(UnsuitableAllow, match=reason) as caught, serving(place / "x.sock", allow=allow):
        pass
    assert caught.value.path == str(closed)
    assert f"or run: chmod o+x {closed}; or change allow=" in str(caught.value)
    assert not list(place.iterdir())
    if depth == 2:
        place.rmdir()
    closed.rmdir()


def test_a_directory_behind_a_link_counts(public_directory: Path) -> None:
    closed, link = public_directory / "closed", public_directory / "link"
    (closed / "open").mkdir(parents=True)
    closed.chmod(0o700)
    link.symlink_to(closed / "open")
    with pytest.raises(UnsuitableAllow) as caught:
        listen(link / "x.sock", allow=ANY_USER)
    assert caught.value.path == str(closed)
    link.unlink()
    (closed / "open").rmdir()
    closed.rmdir()


# --- groups ----------------------------------------------------------------------------------------------------------


def test_a_group_may_be_all_that_any_user_means(public_directory: Path) -> None:
    place = public_directory / "group"
    place.mkdir()
    place.chmod(0o710)
    with listen(place / "x.sock", allow=ANY_USER, mode=0o660):
        assert stat.S_IMODE((place / "x.sock").stat().st_mode) == 0o660
    with pytest.raises(UnsuitableAllow):
        listen(place / "x.sock", allow=ANY_USER)  # 0666, and the directory is for the group alone
    place.rmdir()


@pytest.mark.root
def test_a_user_outside_the_group_of_the_file_is_kept_out_by_it(public_directory: Path) -> None:
    path = public_directory / "x.sock"
    with pytest.raises(UnsuitableAllow, match="lets in uid 1, and mode 0660 does not let them connect"):
        listen(path, allow=[1], mode=0o660)  # daemon, or bin, who is not in root's group
    with listen(path, allow=[STRANGER], mode=0o660):
        pass  # who has no account here: nobody can tell its groups


def test_a_missing_directory_is_told_as_such(public_directory: Path) -> None:
    with pytest.raises(localsocket.errors.BrokenEndpoint, match="No such file or directory"):
        listen(public_directory / "missing" / "x.sock", allow=ANY_USER)


# --- sockets that others opened --------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o600, 0o666])
def test_an_adopted_socket_is_looked_at(public_directory: Path, mode: int) -> None:
    path = public_directory / "x.sock"
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(path))
        opened.listen()
        path.chmod(mode)
        for kind in (LocalServer, aio.LocalServer, localsocket.anyio.LocalServer):
            descriptor = os.dup(opened.fileno())
            if mode == 0o666:
                server: Any = kind.adopt_descriptor(descriptor, allow=[NOBODY])
                assert os.get_blocking(server.fileno()) is False
                LocalServer.close(server)
                continue
            with pytest.raises(
                UnsuitableAllow, match=r"SocketMode= of a systemd unit\) 0600 does not let them connect"
            ):
                kind.adopt_descriptor(descriptor, allow=[NOBODY])
            assert os.get_blocking(descriptor)
            os.close(descriptor)
    path.unlink()


def test_an_adopted_socket_in_a_closed_directory_is_refused(runtime_directory: Path) -> None:
    path = runtime_directory / "x.sock"
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(path))
        opened.listen()
        path.chmod(0o666)
        with pytest.raises(UnsuitableAllow) as caught:
            LocalServer.adopt_descriptor(opened.fileno(), allow=ANY_USER)
        assert caught.value.path == str(runtime_directory)
    path.unlink()


# --- the command line ------------------------------------------------------------------------------------------------

COMMAND = [sys.executable, "-W", "error", "-m", "localsocket"]


@contextmanager
def command(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    program = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with program:
        try:
            yield program
        finally:
            program.terminate()


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "doors.py").write_text(
        "import localsocket\n"
        "service = localsocket.Service('demo.doors')\n"
        "@service.method\n"
        "def uid() -> int:\n"
        "    return localsocket.current_call().peer.uid\n"
    )


@pytest.mark.long
@pytest.mark.root
@pytest.mark.parametrize(
    ("options", "mode", "admitted"),
    [
        (["--any-user"], 0o666, {NOBODY, STRANGER}),
        ([f"--allow={NOBODY}"], 0o666, {NOBODY}),
        ([f"--allow=root,{STRANGER}"], 0o666, {STRANGER}),
        (["--any-user", "--mode", "622"], 0o622, {NOBODY, STRANGER}),
    ],
)
def test_a_command_serves_whom_it_is_told_to(
    public_directory: Path, module: None, options: list[str], mode: int, admitted: set[int]
) -> None:
    path = public_directory / "x.sock"
    with command("serve", "doors:service", "--at", path, *options) as program:
        with connect(path, wait_for_server=True, timeout=60):
            pass
        assert stat.S_IMODE(path.stat().st_mode) == mode
        for uid in (NOBODY, STRANGER):
            expected = {"uid": uid} if uid in admitted else {"failed": "ClosedByPeer"}
            assert run("call_methods.py", path, "uid", uid=uid) == [expected]
        program.terminate()
        assert program.wait() == 0


@pytest.mark.long
@pytest.mark.root
def test_a_command_listens_for_whom_it_is_told_to(public_directory: Path) -> None:
    path = public_directory / "x.sock"
    with command("cat", "--listen", f"--allow={NOBODY}", path) as program:
        while not path.exists():
            assert program.poll() is None
        with Program("knock.py", path, uid=NOBODY) as client:
            assert program.stdin is not None
            program.stdin.write("hello\n")
            program.stdin.flush()
            assert client.read() == {"received": "hello\n"}
