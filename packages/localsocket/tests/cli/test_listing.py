"""`localsocket list`, as a person and as a program sees it."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import localsocket
from localsocket.endpoint.runtime_directory import runtime_directory
from localsocket.tools import endpoints, listening_sockets
from pauses import pause_by

Command = Callable[..., tuple[int, str, str]]
OnTerminal = Callable[..., tuple[int, str]]

ME = pwd.getpwuid(os.geteuid()).pw_name


def leave_stale(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))


@pytest.fixture
def short_path(runtime_directory: Path) -> Iterator[Path]:
    """A directory whose path leaves room for the longest of the names: tmp_path may be long."""
    path = runtime_directory.parent / "short"
    path.mkdir()
    yield path
    shutil.rmtree(path)


def test_a_piped_list_is_plain_columns(command: Command, tmp_path: Path) -> None:
    leave_stale(tmp_path / "gone")
    (tmp_path / "gone").chmod(0o600)
    with localsocket.listen("demo.here", mode=0o640):
        assert command("list", tmp_path) == (
            0,
            f"name{' ' * len(str(tmp_path))}   owner  pid{' ' * (len(str(os.getpid())) - 3)}  mode  state\n".replace(
                "owner", "owner".ljust(len(ME))
            )
            + f"{'demo.here'.ljust(len(str(tmp_path)) + 5)}  {ME.ljust(5)}  {os.getpid()}  0640  live\n"
            + f"{tmp_path}/gone  {ME.ljust(5)}  {'-'.ljust(len(str(os.getpid())))}  0600  stale\n",
            "",
        )


def test_a_program_gets_one_json_object(command: Command, runtime_directory: Path) -> None:
    with localsocket.listen("demo.here"):
        status, output, errors = command("list", "--json")
    assert (status, errors, output.count("\n")) == (0, "", 1)
    assert json.loads(output) == {
        "endpoints": [
            {
                "name": "demo.here",
                "path": str(runtime_directory / "localsocket" / "demo.here"),
                "owner": ME,
                "uid": os.geteuid(),
                "pid": os.getpid(),
                "mode": "0600",
                "state": "live",
            }
        ]
    }


def test_nothing_found_is_a_status_of_its_own_and_says_where_it_looked(
    command: Command, runtime_directory: Path, tmp_path: Path
) -> None:
    where = f"{runtime_directory / 'localsocket'}, {tmp_path}"
    assert command("list", tmp_path) == (1, "", f"localsocket: no endpoints in {where}\n")
    status, output, _ = command("list", "--json")
    assert (status, json.loads(output)) == (1, {"endpoints": []})


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        (["--name", "demo.*"], ["demo.one", "demo.two"]),
        (["--name", "*.one", "--owner", ME], ["demo.one"]),
        (["--state", "live", "--owner", str(os.geteuid())], ["demo.one", "demo.two", "other"]),
        (["--name", "*/gone", "--state=stale"], ["GONE"]),
    ],
)
def test_what_does_not_fit_is_left_out(command: Command, tmp_path: Path, filters: list[str], names: list[str]) -> None:
    leave_stale(tmp_path / "gone")
    with localsocket.listen("demo.one"), localsocket.listen("demo.two"), localsocket.listen("other"):
        found = json.loads(command("list", tmp_path, "--json", *filters)[1])["endpoints"]
    assert [each["name"] for each in found] == [str(tmp_path / "gone") if name == "GONE" else name for name in names]


def test_where_nothing_fits_it_is_said_how_many_there_are(command: Command) -> None:
    with localsocket.listen("demo.one"), localsocket.listen("demo.two"):
        status, output, errors = command("list", "--owner", "no such user")
    assert (status, output) == (1, "")
    assert errors.endswith("; 2 that do not fit\n")


def test_a_watched_list_is_shown_again_until_interrupted(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 2:
            raise KeyboardInterrupt

    pause_by(nap, "localsocket.cli.watching", monkeypatch)
    status, output, errors = command("list", "--watch", "2")
    assert (status, output, errors) == (130, "no endpoints\nno endpoints\n", "")
    assert naps == [2, 2]


def test_abstract_names_are_listed_when_asked_for(command: Command) -> None:
    address = f"@ls-{os.getpid()}"
    with localsocket.listen(address):
        assert address not in command("list")[1]
        status, output, _ = command("list", "--all")
        assert status == 0
        (row,) = (line.split() for line in output.splitlines() if line.startswith(address))
        assert row == [address, ME, "-", "-", "live"]


def test_an_owner_that_the_kernel_does_not_tell_is_left_open(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening_sockets, "_SHOW_UID", 0)
    address = f"@ls-{os.getpid()}"
    with localsocket.listen(address):
        rows = [line.split() for line in command("list", "--all")[1].splitlines()]
        assert [address, "-", "-", "-", "live"] in rows
        (found,) = (
            row for row in json.loads(command("list", "--all", "--json")[1])["endpoints"] if row["name"] == address
        )
        assert (found["uid"], found["owner"], found["path"], found["mode"]) == (None, None, None, None)


def test_an_owner_without_an_account_is_shown_by_number(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_account(_uid: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", no_account)
    with localsocket.listen("demo.here"):
        assert command("list")[1].splitlines()[1].split()[1] == str(os.geteuid())


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_hostile_names_reach_neither_pipe_nor_terminal_as_they_are(
    command: Command,
    on_terminal: OnTerminal,
    check_harmless: Callable[[str], None],
    hostile: str,
    short_path: Path,
    encoding: str,
) -> None:
    leave_stale(short_path / f"{hostile}\udcff")
    for shown in (
        command("list", short_path)[1],
        on_terminal("list", short_path, encoding=encoding)[1].replace("\n", ""),
    ):
        check_harmless(shown)
        assert r"\udcff" in shown


@pytest.mark.parametrize("ending", ["", "\udcff"])
def test_hostile_names_are_harmless_in_json_and_mean_the_same(
    command: Command, check_harmless: Callable[[str], None], hostile: str, short_path: Path, ending: str
) -> None:
    leave_stale(short_path / f"{hostile}{ending}")
    status, output, _ = command("list", short_path, "--json")
    assert status == 0
    check_harmless(output)
    assert json.loads(output)["endpoints"][0]["name"] == f"{short_path}/{hostile}{ending}"


def test_a_terminal_gets_a_table_with_a_rule_in_which_nothing_is_cut_off(
    on_terminal: OnTerminal, short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    leave_stale(short_path / ("é" * 20))
    with localsocket.listen("demo.here"):
        status, shown = on_terminal("list", short_path)
    assert status == 0
    assert "─" in shown
    assert "\x1b[32mlive" in shown
    assert shown.count("é") == 20


@pytest.mark.parametrize("name", ["missing", "file"])
def test_what_is_no_directory_is_wrong_usage(command: Command, tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    status, output, errors = command("list", tmp_path / name)
    assert (status, output) == (2, "")
    assert "DIRECTORY" in errors


def test_an_unsafe_runtime_directory_is_refused_in_one_line(command: Command, runtime_directory: Path) -> None:
    (runtime_directory / "localsocket").mkdir()
    (runtime_directory / "localsocket").chmod(0o755)
    status, output, errors = command("list")
    assert (status, output, errors.count("\n")) == (3, "", 1)
    assert "chmod 700" in errors


def test_a_directory_that_cannot_be_read_is_named_in_one_line(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_open = os.open

    def refuse(path: Any, *arguments: Any, **options: Any) -> int:
        if path == str(tmp_path):
            raise PermissionError(13, "Permission denied", path)
        return real_open(path, *arguments, **options)

    monkeypatch.setattr("localsocket.tools.endpoints.os.open", refuse)
    assert command("list", tmp_path) == (1, "", f"localsocket: {tmp_path}: Permission denied\n")


def test_two_thousand_names_cost_one_look_at_the_kernels_tables(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    real = endpoints.ServedNow
    monkeypatch.setattr(endpoints, "ServedNow", lambda: (looks.append(1), real())[1])
    with localsocket.ServerThread("demo.live", localsocket.Service("demo.live")):
        left = [Path(runtime_directory(), f"demo.{number}") for number in range(2000)]
        for path in left:
            os.mknod(path, 0o140600)  # a socket file without a socket
        try:
            everything = command("list")[1]
            live = command("list", "--state", "live")[1]
            (watched,) = json.loads(command("top", "--count", "1", "--json")[1])["services"]
        finally:
            for path in left:
                path.unlink()
    assert (len(everything.splitlines()), len(live.splitlines()), watched["name"]) == (2002, 2, "demo.live")
    assert len(looks) == 3
