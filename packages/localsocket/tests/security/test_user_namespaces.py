"""In a user namespace the kernel shows one uid for all strangers, which is never taken for anybody's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from programs import STRANGER, Program, run

OWNER = 40001  # whose namespace it is, outside of it
OVERFLOW = 65534

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(not os.path.exists("/proc/self/ns/user"), reason="the system has no user namespaces"),
]


@contextmanager
def serving(path: Path | str, *options: str) -> Iterator[tuple[Program, dict[str, Any]]]:
    with Program("in_user_namespace.py", "serve", path, *options) as server:
        told = server.read()
        skip_if_impossible(told)
        yield server, told


def skip_if_impossible(told: dict[str, Any]) -> None:
    if "impossible" in told:
        pytest.skip(f"no user namespace can be made here: {told['impossible']}")


@pytest.mark.long
@pytest.mark.parametrize("id_map", ["", f"{OVERFLOW} {OWNER} 1", f"0 100000 {OVERFLOW}\n{OVERFLOW} {OWNER} 1"])
def test_a_user_whom_the_namespace_does_not_map_is_not_the_one_who_serves(public_directory: Path, id_map: str) -> None:
    # Where nobody is mapped no file can be owned either.
    address = public_directory / "x.sock" if id_map else f"@localsocket test {os.getpid()}"
    with serving(address, "--map", id_map) as (_, told):
        assert told["uid"] == OVERFLOW  # the server's uid, and the one that it sees a stranger with
        assert run("knock.py", address, uid=STRANGER) == [{"received": ""}]


@pytest.mark.long
@pytest.mark.parametrize("id_map", [f"0 {OWNER} 1", f"{OVERFLOW} {OWNER} 1"])
def test_whom_the_kernel_cannot_name_is_not_any_user(public_directory: Path, id_map: str) -> None:
    with serving(public_directory / "x.sock", "--map", id_map, "--any-user"):
        assert run("knock.py", public_directory / "x.sock", uid=STRANGER) == [{"received": ""}]


@pytest.mark.long
@pytest.mark.parametrize("uid", [0, 1000, OVERFLOW])
def test_a_user_whom_the_namespace_maps_is_known_to_it(public_directory: Path, uid: int) -> None:
    with serving(public_directory / "x.sock", "--map", f"{uid} {OWNER} 1") as (_, told):
        assert (told["uid"], told["own"]["uid"]) == (uid, uid)


@pytest.mark.long
def test_where_nobody_is_mapped_not_even_the_own_user_is_known() -> None:
    with serving(f"@localsocket test {os.getpid()}", "--map", "") as (_, told):
        assert told["own"]["failed"] == "PeerUnknown"


@pytest.mark.long
def test_where_nobody_is_mapped_no_file_can_be_owned(public_directory: Path) -> None:
    with serving(public_directory / "x.sock", "--map", "") as (_, told):
        assert told["failed"] == "InsecureDirectory"


@pytest.mark.long
@pytest.mark.parametrize("id_map", ["", f"{OVERFLOW} {OWNER} 1"])
@pytest.mark.parametrize("trust", [[], ["--any-user"]])
def test_a_client_does_not_take_a_server_outside_for_its_own(
    public_directory: Path, id_map: str, trust: list[str]
) -> None:
    path = public_directory / "x.sock"
    with Program("serve.py", path, "--mode=666", "--any-user", uid=STRANGER) as server:
        server.read()
        (told,) = run("in_user_namespace.py", "call", path, "--map", id_map, *trust)
        skip_if_impossible(told)
        assert told["uid"] == OVERFLOW
        assert told["answer"]["failed"] == "PeerUnknown"
        assert "stands for everybody whom this user namespace does not map" in told["answer"]["message"]


@pytest.mark.long
@pytest.mark.parametrize("place", ["localsocket", "."])
@pytest.mark.parametrize("id_map", ["", f"{OVERFLOW} {OWNER} 1"])
def test_a_directory_of_a_stranger_is_not_taken_for_its_own(runtime_directory: Path, id_map: str, place: str) -> None:
    """Its owner is shown with the number that the server has, too."""
    directory = runtime_directory / "localsocket"
    directory.mkdir(mode=0o700)
    for path in (runtime_directory, directory):
        os.chown(path, OWNER, OWNER)
    os.chown(runtime_directory / place, STRANGER, STRANGER)
    (runtime_directory / place).chmod(0o755 if place == "." else 0o700)
    runtime_directory.parent.chmod(0o711)
    (told,) = run("in_user_namespace.py", "serve", "editor.control", "--map", id_map)
    skip_if_impossible(told)
    assert told["failed"] == "InsecureDirectory"
