"""Socket files are reached whatever the length of their path, and nothing on the way is taken for another."""

from __future__ import annotations

import os
import socket
import stat
import sys
from pathlib import Path

import pytest

from localsocket import connect, listen
from localsocket.endpoint import files
from localsocket.endpoint.address import parse_address
from localsocket.endpoint.files import (
    bindable_path,
    companion_name,
    connectable_path,
    file_status,
    is_listening,
    is_same_file,
    kind_of,
    open_directory,
    translated,
)
from localsocket.errors import AddressTooLong, BrokenEndpoint, NameTaken, ServerNotFound

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux binds through a directory descriptor")


@pytest.fixture
def deep_directory(runtime_directory: Path) -> Path:
    """A directory whose own path is longer than a socket address."""
    directory = runtime_directory.joinpath(*["d" * 40] * 4)
    directory.mkdir(parents=True)
    return directory


# --- long paths ---------------------------------------------------------------------------------------------------


@linux_only
@pytest.mark.parametrize("file_name", ["x.sock", "x" * 64, "x" * 65, "x" * 255, "é" * 127], ids=len)
def test_a_server_is_reached_whatever_the_length_of_its_path(deep_directory: Path, file_name: str) -> None:
    path = deep_directory / file_name
    with listen(path, mode=0o620) as server:
        with connect(path) as client, server.accept() as connection:
            client.write(b"hello\n")
            assert connection.read_line() == b"hello"
        assert stat.S_IMODE(path.stat().st_mode) == 0o620
        with pytest.raises(NameTaken):
            listen(path)
    assert not list(deep_directory.iterdir())
    with pytest.raises(ServerNotFound):
        connect(path)


@linux_only
@pytest.mark.parametrize("file_name", ["x.sock", "x" * 255])
def test_a_stale_socket_is_told_from_a_live_one_whatever_the_length_of_its_path(
    deep_directory: Path, file_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(deep_directory)
    # A name of its own for the bind, since the final one may be longer than an address.
    with socket.socket(socket.AF_UNIX) as foreign:
        foreign.bind("short")
        os.rename("short", file_name)
        foreign.listen()
        with pytest.raises(NameTaken):
            listen(deep_directory / file_name)
    listen(deep_directory / file_name).close()


@linux_only
def test_the_longest_path_that_fits_an_address_is_used_as_it_is(runtime_directory: Path) -> None:
    longest = f"{runtime_directory}/".ljust(107, "x")
    with connectable_path(longest, longest) as used:
        assert used == longest
    with connectable_path(f"{runtime_directory}{'/' * 100}", "") as used:
        assert used.startswith("/proc/self/fd/")
        assert os.path.samefile(used, runtime_directory)


@pytest.mark.parametrize("reason", ["no /proc", "another system"])
def test_where_long_paths_cannot_work_the_error_names_the_limit_and_the_length(
    deep_directory: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    if reason == "no /proc":
        monkeypatch.setattr(os.path, "exists", lambda path: False)
    else:
        monkeypatch.setattr(sys, "platform", "darwin")
    path = deep_directory / "x.sock"
    length = len(str(path))
    with pytest.raises(AddressTooLong, match=f"the path has {length} bytes and the limit is 107"):
        connect(path)
    with pytest.raises(AddressTooLong) as caught:
        listen(path)
    assert caught.value.limit == 107
    assert caught.value.length > length  # it was the temporary name that did not fit
    assert not list(deep_directory.iterdir())


# --- directories --------------------------------------------------------------------------------------------------


def test_the_directory_of_a_path_is_opened_without_the_right_to_read_it(runtime_directory: Path) -> None:
    directory = runtime_directory / "dark"
    directory.mkdir(mode=0o300)
    with open_directory(parse_address(directory / "x.sock"), create=False) as opened:
        assert not os.get_inheritable(opened.number)
        assert os.path.samestat(os.fstat(opened.number), directory.stat())
    directory.chmod(0o700)


def test_a_file_as_directory_is_an_error_of_the_system(runtime_directory: Path) -> None:
    file = runtime_directory / "file"
    file.touch()
    with pytest.raises(NotADirectoryError):
        open_directory(parse_address(file / "x.sock"), create=True)
    file.unlink()


# --- what is there ------------------------------------------------------------------------------------------------


def test_status_is_of_the_file_itself_and_never_of_what_a_link_leads_to(runtime_directory: Path) -> None:
    (runtime_directory / "file").touch()
    (runtime_directory / "link").symlink_to("file")
    (runtime_directory / "dangling").symlink_to("nowhere")
    directory = os.open(runtime_directory, os.O_RDONLY)
    try:
        kinds = {name: file_status(directory, name) for name in ("file", "link", "dangling", "missing")}
    finally:
        os.close(directory)
    assert {name: status and kind_of(status.st_mode) for name, status in kinds.items()} == {
        "file": "a plain file",
        "link": "a symbolic link",
        "dangling": "a symbolic link",
        "missing": None,
    }
    for path in runtime_directory.iterdir():
        path.unlink()


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (stat.S_IFREG, "a plain file"),
        (stat.S_IFDIR, "a directory"),
        (stat.S_IFLNK, "a symbolic link"),
        (stat.S_IFIFO, "a fifo"),
        (stat.S_IFSOCK, "a socket"),
        (stat.S_IFCHR, "a device"),
        (stat.S_IFBLK, "a device"),
    ],
)
def test_every_kind_of_file_has_a_word(mode: int, words: str) -> None:
    assert kind_of(mode | 0o644) == words


def test_the_same_file_has_the_same_device_and_inode(runtime_directory: Path) -> None:
    here, there = runtime_directory / "here", runtime_directory / "there"
    here.touch()
    there.touch()
    assert is_same_file(here.stat(), here.stat())
    assert not is_same_file(here.stat(), there.stat())
    assert not is_same_file(None, here.stat())
    other_device = os.stat_result((0o100600, here.stat().st_ino, here.stat().st_dev + 1, *here.stat()[3:10]))
    assert not is_same_file(other_device, here.stat())
    here.unlink()
    there.unlink()


def test_companions_are_hidden_short_and_different_for_different_names() -> None:
    assert companion_name("editor.control", "lock") == ".editor.control.lock"
    names = ["x" * 64, "x" * 65, "x" * 255, "y" * 255, "é" * 33]
    companions = {companion_name(name, suffix) for name in names for suffix in ("lock", "new")}
    assert len(companions) == 2 * len(names)
    assert all(companion.startswith(".") and len(companion) <= 70 for companion in companions)


# --- whether somebody listens -------------------------------------------------------------------------------------


def test_only_a_refused_connect_or_a_missing_file_says_that_nobody_listens(runtime_directory: Path) -> None:
    endpoint = parse_address(runtime_directory / "x.sock")
    assert not is_listening(endpoint)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(endpoint.location)
        assert not is_listening(endpoint)
        server.listen(0)
        assert is_listening(endpoint)
        assert is_listening(endpoint)  # also when its accept queue is full: that connect has taken the only place
    assert not is_listening(endpoint)
    os.unlink(endpoint.location)


def test_a_socket_of_another_type_counts_as_listening(runtime_directory: Path) -> None:
    endpoint = parse_address(runtime_directory / "x.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(endpoint.location)
        assert is_listening(endpoint)
    assert not is_listening(endpoint)
    os.unlink(endpoint.location)


@linux_only
def test_nobody_listens_at_a_long_path_that_is_missing(deep_directory: Path) -> None:
    assert not is_listening(parse_address(deep_directory / "x.sock"))


# --- errors of the system -----------------------------------------------------------------------------------------


def test_an_error_of_the_system_says_what_was_being_done() -> None:
    with pytest.raises(BrokenEndpoint, match=r"^cooking failed: Is a directory$") as caught, translated("cooking"):
        raise IsADirectoryError(21, "Is a directory")
    assert caught.value.errno == 21
    assert isinstance(caught.value.__cause__, IsADirectoryError)


def test_an_error_of_ours_and_what_is_no_system_error_pass_unchanged() -> None:
    for error in (NameTaken("x"), ValueError("y")):
        with pytest.raises(type(error)) as caught, translated("cooking"):
            raise error
        assert caught.value is error


@linux_only
def test_a_name_too_long_even_for_the_short_way_is_refused(
    deep_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "ADDRESS_BYTES", 20)
    with pytest.raises(AddressTooLong, match="and the limit is 20"):
        bindable_path(parse_address(deep_directory / "x.sock"), 3, ".x.sock.new")
