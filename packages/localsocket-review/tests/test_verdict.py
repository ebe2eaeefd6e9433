"""The verdict says what was read: no silence is taken for an answer, in any form, with any status."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jsonschema
import pytest

from command_line import Done, run
from localsocket_review.cache import ReportCache
from localsocket_review.report.report import CLEAN_VERDICT
from localsocket_review.reviewer import review
from test_as_sarif import SCHEMA

CLEAN = "x = 1\n"
BROKEN = "def f(:\n    pass\n"
DEFECT = 'import os\nimport socket\nos.unlink("/tmp/z.sock")\nsocket.socket(socket.AF_UNIX).bind("/tmp/z.sock")\n'
NOTE = 'import socket\n\nsocket.socket(socket.AF_UNIX).bind("/run/user/1000/z.sock")\n'
WEAKNESSES = "Security defects: CWE-367 (1), CWE-377 (1)"
NOTHING = "Nothing was reviewed."


def tree_of(tmp_path: Path, **files: str) -> Path:
    """Write files whose names are as given, with the first _ for the dot."""
    tree = tmp_path / "tree"
    for name, text in files.items():
        path = tree / name.replace("_", ".", 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tree


class Case(NamedTuple):
    files: dict[str, str]
    verdict: str
    status: int
    status_of_none: int


CASES = {
    "all read": Case({"a_py": CLEAN, "b_c": "int x;\n"}, CLEAN_VERDICT, 0, 0),
    "a note": Case({"a_py": NOTE}, CLEAN_VERDICT, 0, 0),
    "defects": Case({"a_py": DEFECT, "b_py": CLEAN}, WEAKNESSES, 1, 0),
    "one of two is broken": Case(
        {"a_py": CLEAN, "b_py": BROKEN},
        "No security defects are detected in the 1 file that could be read; 1 could not.",
        2,
        2,
    ),
    "one of four is broken": Case(
        {"a_py": CLEAN, "b_py": BROKEN, "c_py": "", "d_c": "int x;\n"},
        "No security defects are detected in the 3 files that could be read; 1 could not.",
        2,
        2,
    ),
    "defects beside a broken file": Case(
        {"a_py": DEFECT, "b_py": BROKEN}, f"{WEAKNESSES} in the 1 file that could be read; 1 could not.", 1, 2
    ),
    "all are broken": Case({"a_py": BROKEN}, NOTHING, 2, 2),
    "no code": Case({"README_md": "# Read me\n"}, NOTHING, 2, 2),
}


@pytest.mark.long
@pytest.mark.parametrize("name", CASES)
def test_the_first_line_and_the_status_of_a_tree(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    tree = tree_of(tmp_path, **case.files)
    for _ in range(2):  # the second time from the cache
        done = run(str(tree))
        assert (done.output.splitlines()[0], done.status) == (case.verdict, case.status)
    assert run(str(tree), "--fail-on", "none").status == case.status_of_none


@pytest.mark.long
@pytest.mark.parametrize("name", CASES)
def test_every_form_says_the_same(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    tree = tree_of(tmp_path, **case.files)
    report = json.loads(run(str(tree), "--format", "json").output)
    log = json.loads(run(str(tree), "--format", "sarif").output)
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    (invocation,) = log["runs"][0]["invocations"]
    is_complete = case.verdict in (CLEAN_VERDICT, WEAKNESSES)
    assert report["verdict"] == log["runs"][0]["properties"]["verdict"] == case.verdict
    assert invocation["executionSuccessful"] is is_complete
    assert any(one["level"] == "error" for one in invocation["toolExecutionNotifications"]) is not is_complete
    broken = [one for one in case.files.values() if one is BROKEN]
    assert [Path(one["file"]).suffix for one in report["not_reviewed"]] == [".py"] * len(broken)
    assert all("line 1" in one["reason"] for one in report["not_reviewed"])
    is_code = [name for name in case.files if not name.endswith("_md")]
    assert report["reviewed"]["files"] == len(is_code) - len(broken)
    page = run(str(tree), "--format", "html").output
    assert ('<header class="incomplete">' in page) is (not is_complete and "Security" not in case.verdict)
    assert "b.py: " in page or "b_py" not in case.files or not broken


def test_lines_are_counted_of_what_was_read(tmp_path: Path) -> None:
    report = review([tree_of(tmp_path, a_py=CLEAN * 5, b_py=BROKEN)])
    assert (report.reviewed_files, report.lines) == (1, 5)


def test_a_notification_names_its_file(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, a_py=CLEAN, b_py=BROKEN)
    log = json.loads(run(str(tree), "--format", "sarif").output)
    (error,) = [
        one for one in log["runs"][0]["invocations"][0]["toolExecutionNotifications"] if one["level"] == "error"
    ]
    (place,) = error["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"].endswith("/b.py")


# --- what is named ----------------------------------------------------------------------------------------------------


def named(tmp_path: Path, name: str, data: bytes = b"") -> Done:
    path = tmp_path / name
    path.write_bytes(data)
    return run(str(path))


@pytest.mark.parametrize(
    "name", ["README.md", "Makefile", "a.js", "a.java", "notes", "a.py.txt", "a.pyx", ".gitignore"]
)
def test_a_named_file_of_another_language_is_not_reviewed(name: str, tmp_path: Path) -> None:
    done = named(tmp_path, name, b"int x; // system(recv())\n")
    assert (done.output.splitlines()[0], done.status) == (NOTHING, 2)
    assert f"{name}: not a language that is reviewed" in done.output


@pytest.mark.long
def test_a_named_file_that_cannot_be_read_fails_beside_findings(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, a_py=DEFECT, b_py=BROKEN, README_md="")
    for name in ("b.py", "README.md"):
        done = run(str(tree / "a.py"), str(tree / name), "--fail-on", "none")
        assert (done.output.splitlines()[0], done.status) == (
            f"{WEAKNESSES} in the 1 file that could be read; 1 could not.",
            2,
        )
    assert run(str(tree), str(tree / "b.py")).status == 2  # in a tree, and named


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x7fELF\x02\x01\x01" + bytes(100), "not text: it holds NUL bytes"),
        (b"x = 1\n" * 4000 + b"\0", "not text: it holds NUL bytes"),
        ("x = 1\n".encode("utf-16"), "it is in UTF-16"),
        ("x = 1\n".encode("utf-32"), "it is in UTF-32"),
        (b"x = 1\n" * 800_000, "larger than 4 MiB"),
    ],
)
@pytest.mark.parametrize("name", ["a.py", "a.cpp"])
def test_what_is_no_text_is_said_and_is_not_reviewed(name: str, data: bytes, why: str, tmp_path: Path) -> None:
    done = named(tmp_path, name, data)
    assert (done.output.splitlines()[0], done.status) == (NOTHING, 2)
    assert why in done.output


@pytest.mark.long
def test_characters_that_are_not_known_are_told_and_the_file_is_read(tmp_path: Path) -> None:
    declared, not_declared = b"# coding: latin-1\nx = '\xe9'\n", b"x = '\xe9'\n"
    assert "nor as the file declares" not in named(tmp_path, "a.py", declared).output
    assert "nor as the file declares" not in named(tmp_path, "b.py", "x = '\ufffd'\n".encode()).output
    for name, data in (("c.py", not_declared), ("d.c", b"int x; // \xe9\n")):
        done = named(tmp_path, name, data)
        assert (done.output.splitlines()[0], done.status) == (CLEAN_VERDICT, 0)
        assert f"characters that are neither in UTF-8 nor as the file declares, in {name}" in done.output


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_link_to_nothing(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


def a_link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (a_pipe, "not a regular file, but a pipe"),
        (a_link_to_nothing, "a link that leads nowhere"),
        (a_link_to_itself, "a link that leads in a circle"),
        (a_device, "not a regular file, but a device"),
        (a_socket, "not a regular file, but a socket"),
    ],
)
@pytest.mark.parametrize("name", ["a.py", "b.h", "c"])
def test_what_is_no_file_is_said_at_once(
    make: Callable[[Path], None], why: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    make(Path(name))
    done = run(name)
    assert (done.output.splitlines()[0], done.status) == (NOTHING, 2)
    assert f"{name}: {why}" in done.output


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    done = run(str(tmp_path / "gone.py"), str(tree_of(tmp_path, a_py=DEFECT)))
    assert (done.status, done.output) == (2, "")
    assert "does not exist" in done.complaints


@pytest.mark.long
def test_very_many_unread_files_are_counted_in_text_and_listed_in_json(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, **{f"b{number}_py": BROKEN for number in range(50)}, a_py=CLEAN)
    told = run(str(tree)).output
    assert told.startswith("No security defects are detected in the 1 file that could be read; 50 could not.\n")
    assert told.count(": not valid Python") == 20
    assert "30 more files that could not be read" in told
    assert len(json.loads(run(str(tree), "--format", "json").output)["not_reviewed"]) == 50


def test_a_kept_report_knows_anew_what_is_named_and_left_out(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, a_py=CLEAN, b_py=BROKEN)
    kept = ReportCache(tmp_path / "cache")
    assert not review([tree], cache=kept).fell_short
    (tree / "notes.txt").write_text("")
    again = review([tree, tree / "b.py"], cache=kept)
    assert again.fell_short
    assert again.left_out == (("file in no language that is reviewed", 1),)
    assert len(list((tmp_path / "cache").iterdir())) == 1


@pytest.mark.long
def test_the_help_tells_the_statuses() -> None:
    told = " ".join(run("--help").output.split())
    for words in ("Exit status", "0 when all was reviewed", "1 for findings", "2 when something", "--exclude"):
        assert words in told


# --- C and C++ of which much is lost ----------------------------------------------------------------------------------

SOUND = "int sum(int first, int second)\n{\n    return first + second;\n}\n"
# A closing brace in another branch than the opening one: one error over all of the file, and nothing is lost.
GUARDED = '#ifdef __cplusplus\nextern "C" {\n#endif\n' + SOUND * 5 + "#ifdef __cplusplus\n}\n#endif\n"


@pytest.mark.parametrize(
    "source",
    [
        "void f( {",
        "once upon a time\n",
        "}}}\n",
    ],
)
@pytest.mark.parametrize("suffix", ["c", "cpp", "h"])
def test_c_of_which_much_is_lost_does_not_count_as_read(source: str, suffix: str, tmp_path: Path) -> None:
    tree = tree_of(tmp_path, **{f"a_{suffix}": source})
    done = run(str(tree))
    assert (done.output.splitlines()[0], done.status) == (NOTHING, 2)
    assert f"a.{suffix}: 1 place was not understood, " in done.output


@pytest.mark.parametrize(
    "source", [SOUND * 20 + "BEGIN_MAP(x) ENTRY(y)\n", GUARDED, "EXPORT(int) f(void) __attribute__((x));\n" + SOUND * 5]
)
def test_c_with_a_few_macros_counts_as_read(source: str, tmp_path: Path) -> None:
    done = run(str(tree_of(tmp_path, a_c=source)))
    assert (done.output.splitlines()[0], done.status) == (CLEAN_VERDICT, 0)
