"""What a tree holds is read or counted, and nothing is left out for its name alone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from random import Random

import pytest

from command_line import run
from localsocket_review.reading.collecting import NothingToRead, collect, survey
from localsocket_review.reading.files import read_file
from localsocket_review.reading.languages import language_by_first_line
from localsocket_review.reading.patterns import GitIgnore

DEFECT = 'import os\nimport socket\nos.unlink("/tmp/z.sock")\nsocket.socket(socket.AF_UNIX).bind("/tmp/z.sock")\n'


def tree_of(tmp_path: Path, *names: str, text: str = "") -> Path:
    tree = tmp_path / "tree"
    tree.mkdir(exist_ok=True)
    for name in names:
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tree


def read(tree: Path, *exclude: str) -> list[str]:
    return [path.relative_to(tree).as_posix() for path in survey([tree], exclude).files]


def told(tree: Path, *exclude: str) -> list[str]:
    return [str(one).replace(f"{tree}/", "") for one in survey([tree], exclude).left_out]


# --- languages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "#!/usr/bin/env python3",
        "#!/usr/bin/env python",
        "#!/usr/bin/python3.11 -E",
        "#! /usr/local/bin/python3.13t",
        "#!/usr/bin/env -S python3 -u",
        "#!/usr/bin/env -S uv run --script",
        "#!/usr/bin/env PYTHONPATH=/x python3",
        "#!/opt/venv/bin/pypy3",
        "#!python3\r",
        "\ufeff#!/usr/bin/env python3",
    ],
)
def test_a_script_is_known_by_its_first_line(line: str, tmp_path: Path) -> None:
    tree = tree_of(tmp_path, "daemon", "tool-1.2", "page.cgi", text=f"{line}\n{DEFECT}")
    assert read(tree) == ["daemon", "page.cgi", "tool-1.2"]
    done = run(str(tree / "daemon"))
    assert done.status == 1
    assert done.output.startswith("Security defects: CWE-367 (1), CWE-377 (1)\n")


@pytest.mark.parametrize(
    "line",
    ["", "#!/bin/sh", "#!/usr/bin/env pythonic", "#!/usr/bin/perl # python", "# python3", "import socket", "#!", "\0"],
)
def test_what_is_no_script_of_ours_is_left_out(line: str, tmp_path: Path) -> None:
    assert read(tree_of(tmp_path, "daemon", text=f"{line}\n{DEFECT}")) == []
    assert language_by_first_line(line.encode()) is None


@pytest.mark.parametrize(
    "name",
    ["a.py", "a.pyw", "a.pyi", "A.PY", "a.c", "a.cc", "a.cpp", "a.cxx", "a.h", "a.hh", "a.HPP", "a.inl", "a.ipp"],
)
def test_a_known_suffix_is_enough(name: str, tmp_path: Path) -> None:
    assert read(tree_of(tmp_path, name)) == [name]
    assert read_file(tmp_path / "tree" / name).unread == ""


# --- what is left out -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["build", "dist", "third_party", "3rdparty", "venv", "env", "target", "out"])
def test_no_folder_is_left_out_for_a_name_that_is_the_projects_own(name: str, tmp_path: Path) -> None:
    tree = tree_of(tmp_path, f"{name}/server.py", text=DEFECT)
    assert read(tree) == [f"{name}/server.py"]
    assert told(tree) == []


def test_what_is_left_out_is_counted_by_reason(tmp_path: Path) -> None:
    tree = tree_of(
        tmp_path,
        "a.py",
        ".git/x.py",
        ".tox/x.py",
        "node_modules/x.py",
        "venv/pyvenv.cfg",
        "venv/x.py",
        "pip/CACHEDIR.TAG",
        "notes.ipynb",
        "fast.pyx",
        "fast.pxd",
        "README.md",
        "b.md",
        "c.toml",
        "LICENSE",
        "gen/x.py",
        "old/x.py",
    )
    (tree / ".gitignore").write_text("gen/\n")
    (tree / "loop").symlink_to(tree)
    os.mkfifo(tree / "pipe.py")
    assert read(tree, "old") == ["a.py"]
    assert told(tree, "old") == [
        "1 excluded path: old",
        "1 path that .gitignore names: gen",
        "2 hidden folders: .git, .tox",
        "3 folders of installed packages or caches: node_modules, pip, venv",
        "1 link to a folder, which is not followed: loop",
        "1 path that is no regular file: pipe.py",
        "3 files of Python in another form: Cython (2), notebooks (1)",
        "5 files in no language that is reviewed: 2 without a suffix, 2 .md, 1 .toml",
    ]


@pytest.mark.long
def test_what_is_left_out_is_in_the_report(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, "a.py", "README.md", ".git/x.py")
    output = run(str(tree)).output
    assert "Not checked: 1 hidden folder: " in output
    assert "Not checked: 1 file in no language that is reviewed: 1 .md" in output
    assert (
        '"left_out": [\n    {\n      "reason": "hidden folder",\n      "count": 1'
        in run(str(tree), "--format", "json").output
    )


# --- patterns ---------------------------------------------------------------------------------------------------------

TREE = ("a.py", "tests/b.py", "src/tests/c.py", "src/d_pb2.py", "src/gen/e.py", "src/gen/deep/f.py")


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["tests"], ["a.py", "src/d_pb2.py", "src/gen/deep/f.py", "src/gen/e.py"]),
        (["/tests/"], ["a.py", "src/d_pb2.py", "src/gen/deep/f.py", "src/gen/e.py", "src/tests/c.py"]),
        (["*_pb2.py", "gen"], ["a.py", "src/tests/c.py", "tests/b.py"]),
        (["src/**/*.py"], ["a.py", "tests/b.py"]),
        (["src/gen/*", "!src/gen/e.py"], ["a.py", "src/d_pb2.py", "src/gen/e.py", "src/tests/c.py", "tests/b.py"]),
        (["*"], []),
    ],
)
def test_exclude_leaves_out_what_its_patterns_name(patterns: list[str], expected: list[str], tmp_path: Path) -> None:
    tree = tree_of(tmp_path, *TREE)
    assert sorted(read(tree, *patterns)) == sorted(expected)


def test_exclude_understands_a_path_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree_of(tmp_path, *TREE)
    monkeypatch.chdir(tmp_path)
    for pattern in ("tree/src", "src", "/src/", str(tmp_path / "tree" / "src")):
        assert sorted(map(str, survey([Path("tree")], [pattern]).files)) == ["tree/a.py", "tree/tests/b.py"]


def test_exclude_leaves_out_a_file_that_is_named_and_gitignore_does_not(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, "a.py", text=DEFECT)
    (tree / ".gitignore").write_text("a.py\n")
    assert collect([tree]) == []
    assert collect([tree / "a.py"]) == [tree / "a.py"]
    done = run(str(tree / "a.py"), "--exclude", "a.py")
    assert (done.output.splitlines()[0], done.status) == ("Nothing was reviewed.", 2)
    assert "1 excluded path" in done.output


def test_a_repository_is_asked_from_its_root_on(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, *TREE, ".git/HEAD")
    (tree / ".gitignore").write_text("gen/\ntests\n")
    (tree / "src" / ".gitignore").write_text("!tests\n")
    (tmp_path / ".gitignore").write_text("*\n")  # of no repository
    assert sorted(map(str, survey([tree / "src"]).files)) == [f"{tree}/src/d_pb2.py", f"{tree}/src/tests/c.py"]


def test_what_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NothingToRead, match="does not exist"):
        survey([tmp_path / "missing"])


WORDS = (
    "a",
    "b",
    "ab",
    "a.py",
    "*.py",
    "*",
    "**",
    "?",
    "a*",
    "[ab]",
    "[!a]",
    "[^b]",
    "[]a]",
    r"\*",
    r"\!a",
    "a b",
    "é",
)


@pytest.mark.long
def test_patterns_mean_what_git_takes_them_to_mean(tmp_path: Path) -> None:
    """Ask git about the same names with the same patterns, made at random with a seed."""
    random = Random(5)
    names = [
        "/".join(random.choice(("a", "b", "ab", "a.py", "c", "*", "!a", "a b", "]")) for _ in range(depth))
        for depth in (1, 1, 2, 2, 3, 3, 4)
        for _ in range(6)
    ]
    asked = sorted(set(names))
    for number in range(60):
        repository = tmp_path / str(number)
        repository.mkdir()
        subprocess.run(["git", "init", "-q"], cwd=repository, check=True)
        lines = [
            random.choice(("", "", "!", "/"))
            + "/".join(random.choice(WORDS) for _ in range(random.choice((1, 1, 2, 3))))
            + random.choice(("", "", "/", " "))
            for _ in range(random.randrange(1, 5))
        ]
        (repository / ".gitignore").write_text("\n".join(lines) + "\n", encoding="utf-8")
        command = ["git", "-c", "core.quotePath=off", "check-ignore", "--no-index", "-z", "--stdin"]
        done = subprocess.run(
            command, cwd=repository, input="\0".join(asked).encode(), stdout=subprocess.PIPE, check=False
        )
        by_git = set(filter(None, done.stdout.decode().split("\0")))
        assert {name for name in asked if ignored(repository, name)} == by_git, lines


def ignored(repository: Path, name: str) -> bool:
    """Say whether a file or any folder around it is ignored, as a walk would find."""
    ignore = GitIgnore(repository)
    parts = name.split("/")
    return any(
        ignore.ignores(repository.joinpath(*parts[: end + 1]), is_folder=end < len(parts) - 1)
        for end in range(len(parts))
    )
