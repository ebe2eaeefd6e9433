"""A name has one owner: whoever holds the lock, for as long as that process lives."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from localsocket import connect, listen
from localsocket.endpoint.address import Endpoint, parse_address
from localsocket.endpoint.ownership import NameLock
from localsocket.errors import BrokenEndpoint, NameTaken, PathOccupied
from programs import NOBODY, Program


@pytest.fixture
def endpoint(runtime_directory: Path) -> Endpoint:
    return parse_address(runtime_directory / "x.sock")


@pytest.fixture
def directory(runtime_directory: Path) -> Iterator[int]:
    descriptor = os.open(runtime_directory, os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


def lock_file(endpoint: Endpoint) -> Path:
    return Path(endpoint.directory, f".{endpoint.file_name}.lock")


# --- one owner ----------------------------------------------------------------------------------------------------


def test_the_second_owner_is_told_who_the_first_is(endpoint: Endpoint, directory: int) -> None:
    lock = NameLock.acquire(directory, endpoint)
    with pytest.raises(NameTaken) as caught:
        NameLock.acquire(directory, endpoint)
    assert caught.value.owner_pid == os.getpid()
    assert f"{endpoint.address!r} is owned by process {os.getpid()}; stop it or choose another" in str(caught.value)
    assert caught.value.errno == errno.EADDRINUSE
    lock.release()
    NameLock.acquire(directory, endpoint).release()


def test_an_owner_whose_pid_cannot_be_read_is_another_server(endpoint: Endpoint, directory: int) -> None:
    with open(lock_file(endpoint), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write("\x1b[31mnot a number")
        file.flush()
        with pytest.raises(NameTaken, match="is owned by another server; stop it") as caught:
            NameLock.acquire(directory, endpoint)
    assert caught.value.owner_pid is None
    lock_file(endpoint).unlink()


@pytest.mark.long
def test_a_second_server_is_refused_while_the_first_lives(runtime_directory: Path) -> None:
    with Program("serve.py", "editor.control") as first:
        assert first.read()["serving"] == "editor.control"
        with pytest.raises(NameTaken) as caught:
            listen("editor.control")
        assert caught.value.owner_pid == first.pid
        with connect("editor.control") as client:
            assert b'"server": %d' % first.pid in client.read_line()
        first.end()
    listen("editor.control").close()


@pytest.mark.long
def test_a_server_restarts_at_once_after_being_killed(runtime_directory: Path) -> None:
    for _ in range(5):
        with Program("serve.py", "editor.control") as server:
            assert server.read()["pid"] == server.pid
            server.kill()
    with listen("editor.control"), connect("editor.control"):
        pass
    assert not list((runtime_directory / "localsocket").iterdir())


# --- the file of the lock -----------------------------------------------------------------------------------------


def test_the_lock_file_is_private_and_gone_with_the_lock(endpoint: Endpoint, directory: int) -> None:
    lock = NameLock.acquire(directory, endpoint)
    status = lock_file(endpoint).stat()
    assert (status.st_mode & 0o777, status.st_uid) == (0o600, os.geteuid())
    lock.release()
    assert not lock_file(endpoint).exists()
    lock.release()  # again is fine


def test_a_lock_file_left_by_a_killed_owner_is_used_again(endpoint: Endpoint, directory: int) -> None:
    lock_file(endpoint).write_text("4194304")
    lock = NameLock.acquire(directory, endpoint)
    assert lock_file(endpoint).read_text() == str(os.getpid())
    lock.release()


def test_a_lock_on_a_file_that_was_removed_meanwhile_is_not_taken_for_the_lock(
    endpoint: Endpoint, directory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last owner removes the file between our open() and our flock(): the lock we get is nobody else's."""
    real_flock = fcntl.flock
    removed: list[int] = []

    def flock(descriptor: int, operation: int) -> None:
        if not removed:
            removed.append(os.fstat(descriptor).st_ino)
            lock_file(endpoint).unlink()
        real_flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    lock = NameLock.acquire(directory, endpoint)
    assert removed
    with pytest.raises(NameTaken):
        NameLock.acquire(directory, endpoint)
    lock.release()


def test_releasing_leaves_a_lock_file_that_is_no_longer_ours(endpoint: Endpoint, directory: int) -> None:
    first = NameLock.acquire(directory, endpoint)
    lock_file(endpoint).unlink()  # somebody cleans up too eagerly
    second = NameLock.acquire(directory, endpoint)
    first.release()
    assert lock_file(endpoint).exists()
    with pytest.raises(NameTaken):
        NameLock.acquire(directory, endpoint)
    second.release()


def test_releasing_after_the_directory_is_gone_is_fine(runtime_directory: Path) -> None:
    place = runtime_directory / "place"
    place.mkdir()
    descriptor = os.open(place, os.O_RDONLY)
    lock = NameLock.acquire(descriptor, parse_address(place / "x.sock"))
    os.close(descriptor)  # as bad as it gets: even the way to the directory is lost
    lock.release()
    (place / ".x.sock.lock").unlink()


@pytest.mark.parametrize("kind", ["a directory", "a fifo", "a symbolic link", "a socket"])
def test_something_else_in_place_of_the_lock_file_is_refused_and_left(endpoint: Endpoint, kind: str) -> None:
    path = lock_file(endpoint)
    target = Path(endpoint.directory, "target")
    match kind:
        case "a directory":
            path.mkdir()
        case "a fifo":
            os.mkfifo(path)
        case "a symbolic link":
            path.symlink_to(target)
        case "a socket":
            with socket.socket(socket.AF_UNIX) as sock:
                sock.bind(str(path))
    with pytest.raises(PathOccupied) as caught:
        listen(endpoint.address)
    assert (caught.value.path, caught.value.kind) == (str(path), kind)
    assert f"{str(path)!r} is {kind}; remove it yourself or choose another address" in str(caught.value)
    assert os.listdir(endpoint.directory) == [path.name]  # a link was not followed, nothing else came to be
    if kind == "a directory":
        path.rmdir()
    else:
        path.unlink()


@pytest.mark.root
def test_a_lock_file_of_another_user_is_refused_and_left(endpoint: Endpoint) -> None:
    path = lock_file(endpoint)
    path.write_text("1")
    os.chown(path, NOBODY, NOBODY)
    with pytest.raises(PathOccupied, match=f"is a lock file of uid {NOBODY}") as caught:
        listen(endpoint.address)
    assert caught.value.path == str(path)
    assert path.read_text() == "1"
    path.unlink()


@pytest.mark.root
def test_a_lock_file_that_may_not_be_opened_is_refused_with_the_same_reason(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a shared directory, where a lock file belongs to somebody else and is closed to us."""
    lock_file(endpoint).touch()
    os.chown(lock_file(endpoint), NOBODY, NOBODY)
    real_open = os.open

    def refusing(path: str, *arguments: object, **options: object) -> int:
        if path == lock_file(endpoint).name:
            raise PermissionError(errno.EACCES, "Permission denied")
        return real_open(path, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refusing)
    with pytest.raises(PathOccupied, match=f"is a lock file of uid {NOBODY}"):
        listen(endpoint.address)
    lock_file(endpoint).unlink()


# --- a full disk --------------------------------------------------------------------------------------------------


@pytest.fixture
def tiny_disk(runtime_directory: Path) -> Iterator[Path]:
    """A file system of one page and a few files, that is as full as a test makes it."""
    place = runtime_directory / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4k,nr_inodes=4,mode=700", "localsocket-test", str(place)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"cannot mount here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.root
@pytest.mark.parametrize("files_left", [0, 1])
def test_a_disk_without_room_for_another_file_refuses_and_keeps_nothing(tiny_disk: Path, files_left: int) -> None:
    """With room for none the lock file cannot be made, with room for one the socket cannot."""
    others = [tiny_disk / str(number) for number in range(3 - files_left)]
    for other in others:
        other.touch()
    with pytest.raises(BrokenEndpoint, match=f"failed: {os.strerror(errno.ENOSPC)}") as caught:
        listen(tiny_disk / "x.sock")
    assert caught.value.errno == errno.ENOSPC
    assert sorted(tiny_disk.iterdir()) == others
    others[0].unlink()
    if not files_left:
        others[1].unlink()
    with listen(tiny_disk / "x.sock"), connect(tiny_disk / "x.sock"):
        pass


@pytest.mark.root
def test_a_disk_without_room_for_the_pid_keeps_no_server_from_starting(tiny_disk: Path) -> None:
    (tiny_disk / "full").write_bytes(bytes(4096))
    with listen(tiny_disk / "x.sock"), connect(tiny_disk / "x.sock"):
        assert not (tiny_disk / ".x.sock.lock").read_bytes()
        with pytest.raises(NameTaken, match="is owned by another server"):
            listen(tiny_disk / "x.sock")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO])
def test_a_pid_that_cannot_be_written_keeps_no_server_from_starting(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refusing(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "pwrite", refusing)
    with listen(endpoint.address), connect(endpoint.address), pytest.raises(NameTaken):
        listen(endpoint.address)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EMFILE, errno.ENOLCK])
def test_a_lock_that_cannot_be_taken_is_an_error_that_leaves_nothing(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refusing(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    target = (fcntl, "flock") if number == errno.ENOLCK else (os, "open")
    monkeypatch.setattr(*target, refusing)
    with pytest.raises(BrokenEndpoint, match=os.strerror(number)) as caught:
        listen(endpoint.address)
    assert caught.value.errno == number
    monkeypatch.undo()
    with closing(listen(endpoint.address)), connect(endpoint.address):
        pass
