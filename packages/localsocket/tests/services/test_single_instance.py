"""One copy of a program: whoever is first is it alone, and each later copy hands over what it was started with."""

from __future__ import annotations

import contextlib
import fcntl
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localsocket import SingleInstance, Start, listen
from localsocket.errors import CallFailed, DeadlinePassed
from localsocket.testing import wait_until
from programs import Program

ADDRESS = "one.copy"
PROGRAM = Path(__file__).parents[1] / "programs" / "one_copy.py"
PATIENCE = 60.0
AT_ONCE = 24


def run_copy(*arguments: str | bytes, **options: Any) -> subprocess.CompletedProcess[str]:
    """Start the program again, and wait until that copy has ended."""
    command = [sys.executable, "-W", "error", PROGRAM, *arguments]
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False, **options
    )


@pytest.fixture
def first() -> Iterator[Program]:
    with Program("one_copy.py", "opened", "first") as program:
        assert program.read() == {"first": program.pid}
        yield program


@pytest.mark.long
def test_a_later_copy_hands_over_what_it_was_started_with_and_ends(first: Program, tmp_path: Path) -> None:
    environment = {**os.environ, "SENT": "with it", "KEPT": "at home"}
    done = run_copy("notes.txt", "two words", cwd=tmp_path, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert first.read() == {
        "arguments": ["notes.txt", "two words"],
        "directory": os.path.realpath(tmp_path),
        "environment": {"SENT": "with it"},
    }
    assert first.end() == [{"is_first": False}]


@pytest.mark.long
def test_a_later_copy_ends_with_the_status_that_the_first_gives(first: Program) -> None:
    for arguments in (["return", "7"], ["exit", "8"]):
        assert run_copy(*arguments).returncode == int(arguments[1])
        assert first.read()["arguments"] == arguments


@pytest.mark.long
def test_what_is_no_text_is_handed_over(first: Program, tmp_path: Path) -> None:
    directory = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(directory)
    done = run_copy(b"th\xe9.txt", cwd=directory, env={**os.environb, b"SENT": b"\xff"})
    assert (done.returncode, done.stderr) == (0, "")
    told = first.read()
    assert os.fsencode(told["arguments"][0]) == b"th\xe9.txt"
    assert os.fsencode(told["directory"]).endswith(b"/caf\xe9")
    assert os.fsencode(told["environment"]["SENT"]) == b"\xff"


@pytest.mark.long
def test_the_next_start_is_the_first_when_the_first_has_left_or_was_killed() -> None:
    with Program("one_copy.py") as program:
        assert program.read() == {"first": program.pid}
        assert program.end() == [{"is_first": False}]
    with Program("one_copy.py") as program:
        assert program.read() == {"first": program.pid}
        program.kill()
    with first_that():
        assert claim() == 0


@pytest.mark.long
def test_a_start_in_which_the_first_dies_says_so_and_is_not_repeated() -> None:
    with Program("one_copy.py") as dying:
        dying.read()
        done = run_copy("die")
        assert done.returncode == 1
        assert done.stdout == ""  # it has not become the first
        assert done.stderr.startswith(f"{ADDRESS}: another copy is running, and failed: the peer closed the connection")
        assert dying.read()["arguments"] == ["die"]
        assert dying.end(status=-9) == []
    with first_that():
        pass  # it can be the first, and nothing is left behind


# --- 24 at once -------------------------------------------------------------------------------------------------------


def told(program: Program) -> Iterator[dict[str, Any]]:
    """Read what the copies of one round print."""
    while "killed" not in (value := program.read()):
        yield value
    yield value


def of_kind(kind: str, values: list[dict[str, Any]]) -> list[Any]:
    return [value[kind] for value in values if kind in value]


@pytest.mark.long
def test_of_many_starts_at_once_exactly_one_is_the_first_and_all_others_hand_over() -> None:
    rounds = 4
    with Program("start_together.py", AT_ONCE, rounds, 0) as program:
        for _ in range(rounds):
            values = list(told(program))
            (first,) = of_kind("first", values)
            later = of_kind("handed_over", values)
            assert len(set(later)) == AT_ONCE - 1
            assert sorted(of_kind("told", values)) == sorted(later)
            assert first not in later
            assert of_kind("status", values) == [7] * (AT_ONCE - 1)
            assert of_kind("failed", values) == []


@pytest.mark.long
def test_when_firsts_die_among_many_starts_another_is_the_first_and_no_start_is_repeated() -> None:
    rounds = 2
    with Program("start_together.py", AT_ONCE, rounds, 3) as program:
        for _ in range(rounds):
            values = list(told(program))
            starts = of_kind("told", values)
            (killed,) = of_kind("killed", values)
            assert killed
            assert len(set(starts)) == len(starts)
            assert set(of_kind("handed_over", values)) <= set(starts)
            assert set(of_kind("why", values)) <= {"ClosedByPeer"}
            # One that is told of three starts before it has said that it is the first dies without having said so.
            firsts = {*of_kind("first", values), *killed}
            later = [*of_kind("handed_over", values), *of_kind("failed", values)]
            assert len(firsts) + len(later) == len(firsts | {*later}) == AT_ONCE
            assert len(firsts - {*killed}) <= 1
    with first_that():
        pass


# --- the first copy, in this process ----------------------------------------------------------------------------------


class Starts:
    """Keeps what on_start() is given, and does what the test says."""

    def __init__(self, does: Callable[[Start], Any] = lambda start: None) -> None:
        self.told: list[Start] = []
        self._does = does

    def __call__(self, start: Start) -> Any:
        self.told.append(start)
        return self._does(start)


@contextlib.contextmanager
def first_that(does: Callable[[Start], Any] = lambda start: None) -> Iterator[Starts]:
    starts = Starts(does)
    with SingleInstance(ADDRESS, on_start=starts):
        yield starts


def claim(*arguments: str, **options: Any) -> int | None:
    return SingleInstance(ADDRESS, arguments=arguments, **options).claim()


def test_claiming_tells_who_is_first() -> None:
    first, later = SingleInstance(ADDRESS), SingleInstance(ADDRESS, arguments=[])
    assert repr(first) == f"<SingleInstance '{ADDRESS}', not the first>"
    assert first.claim() is None
    assert first.is_first
    assert repr(first) == f"<SingleInstance '{ADDRESS}', the first>"
    assert later.claim() == 0  # there is nothing to be called
    assert not later.is_first
    first.close()
    first.close()
    assert not first.is_first
    assert later.claim() is None
    later.close()


def test_entering_ends_a_later_copy_with_its_status() -> None:
    with first_that(lambda start: 7), pytest.raises(SystemExit) as end, SingleInstance(ADDRESS, arguments=[]):
        pytest.fail("it is not the first")
    assert end.value.code == 7


@pytest.mark.parametrize(("given", "status"), [(None, 0), (0, 0), (3, 3), (True, 0)])
def test_what_on_start_returns_is_the_status(given: object, status: int) -> None:
    with first_that(lambda start: given):
        assert claim() == status


@pytest.mark.parametrize(("code", "status"), [(None, 0), (0, 0), (2, 2), ("a sentence", 1)])
def test_system_exit_in_on_start_is_the_status_and_ends_nothing_else(code: object, status: int) -> None:
    def leave(start: Start) -> None:
        raise SystemExit(code)

    with first_that(leave) as starts:
        assert [claim("once"), claim("again")] == [status, status]
    assert [start.arguments for start in starts.told] == [["once"], ["again"]]


@pytest.mark.long
def test_a_failing_on_start_ends_the_later_copy_with_a_reference_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with first_that(lambda start: 1 / 0):
        done = run_copy()
        assert done.returncode == 1
        (logged,) = caplog.messages
        assert done.stderr == (
            f"{ADDRESS}: another copy is running, and failed: calling 'start' failed: the method failed; "
            f"see {logged.rpartition(' ')[2]} in the service's log\n"
        )


def test_an_on_start_that_returns_no_status_has_failed() -> None:
    with first_that(lambda start: "done"):
        with pytest.raises(CallFailed):
            claim()
        with pytest.raises(SystemExit, match="another copy is running, and failed"), SingleInstance(ADDRESS):
            pytest.fail("it is not the first")


def test_several_starts_are_told_at_the_same_time() -> None:
    both = threading.Barrier(2)
    with first_that(lambda start: both.wait(PATIENCE) * 0):
        statuses: list[int | None] = []
        others = [threading.Thread(target=lambda: statuses.append(claim())) for _ in range(2)]
        for other in others:
            other.start()
        for other in others:
            other.join()
        assert statuses == [0, 0]


def test_a_start_that_is_under_way_when_the_first_leaves_gets_its_status() -> None:
    entered, may_return = threading.Event(), threading.Event()

    def take_long(start: Start) -> int:
        entered.set()
        assert may_return.wait(PATIENCE)
        return 7

    statuses: list[int | None] = []
    with first_that(take_long):
        later = threading.Thread(target=lambda: statuses.append(claim()))
        later.start()
        assert entered.wait(PATIENCE)
        threading.Timer(0.05, may_return.set).start()  # while it leaves, or before, which is fine too
    later.join()
    assert statuses == [7]


def test_the_time_for_on_start_does_not_count() -> None:
    def claimed_in_time() -> int | None:
        with contextlib.suppress(DeadlinePassed):  # handing over may fall into a slow moment
            return claim(timeout=0.1)
        return None

    with first_that(lambda start: threading.Event().wait(0.2) or 5):
        wait_until(lambda: claimed_in_time() == 5, "on_start() to take longer than all else may")


def test_arguments_of_any_length_are_handed_over() -> None:
    files = [f"{number} {'x' * 1000}" for number in range(3000)]
    with first_that() as starts:
        assert claim(*files) == 0
    assert starts.told[0].arguments == files


def test_a_start_in_a_directory_that_is_gone_is_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    with first_that() as starts:
        monkeypatch.chdir(gone)
        monkeypatch.setenv("PWD", str(gone))
        gone.rmdir()
        assert claim() == 0
        monkeypatch.chdir(tmp_path)
    assert starts.told[0].directory == str(gone)


def test_a_desktop_s_variables_are_handed_over_unless_others_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_ACTIVATION_TOKEN", "token")
    monkeypatch.setenv("SECRET", "hidden")
    with first_that() as starts:
        claim()
        claim(environment=["SECRET"])
        claim(environment=[])
    assert starts.told[0].environment["XDG_ACTIVATION_TOKEN"] == "token"
    assert "SECRET" not in starts.told[0].environment
    assert [start.environment for start in starts.told[1:]] == [{"SECRET": "hidden"}, {}]


def test_a_first_copy_that_does_not_answer_is_waited_for_no_longer_than_said() -> None:
    with listen(ADDRESS), pytest.raises(DeadlinePassed):
        claim(timeout=0.1)


# --- a first copy that is about to be, or about to be no more ---------------------------------------------------------


@pytest.fixture
def locked(runtime_directory: Path) -> Iterator[Callable[[], None]]:
    """Own the name, as one does that has not begun to listen; give what lets it go."""
    directory = runtime_directory / "localsocket"
    directory.mkdir(mode=0o700)
    with (directory / f".{ADDRESS}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield lambda: fcntl.flock(file, fcntl.LOCK_UN)


@pytest.fixture(params=[False, True], ids=["no socket", "stale socket"])
def endpoint_in_the_making(request: pytest.FixtureRequest, runtime_directory: Path, locked: object) -> None:
    if request.param:
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(runtime_directory / "localsocket" / ADDRESS))


def in_background(instance: SingleInstance) -> Callable[[], int | None]:
    """Claim in a thread; give what waits for the result."""
    with_result: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    thread = threading.Thread(target=lambda: with_result.put(instance.claim()))
    thread.start()

    def result() -> int | None:
        thread.join(PATIENCE)
        return with_result.get_nowait()

    return result


@pytest.mark.usefixtures("endpoint_in_the_making")
def test_whoever_owns_the_name_and_does_not_listen_yet_is_waited_for(locked: Callable[[], None]) -> None:
    with pytest.raises(DeadlinePassed, match=ADDRESS):
        claim(timeout=0.05)
    later = SingleInstance(ADDRESS, arguments=[])
    claimed = in_background(later)
    locked()
    assert claimed() is None
    later.close()


def test_a_first_copy_that_leaves_before_the_start_was_told_is_followed() -> None:
    later = SingleInstance(ADDRESS, arguments=[])
    with listen(ADDRESS) as leaving:
        claimed = in_background(later)
        leaving.accept(timeout=PATIENCE).close()
    assert claimed() is None
    later.close()
