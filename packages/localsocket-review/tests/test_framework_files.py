"""Frameworks as TOML files: those of users are read as the built-in ones are, and what is wrong in one is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from command_line import run
from localsocket_review.apis import built_in
from localsocket_review.apis.framework_file import BadFrameworkFile, read_framework
from localsocket_review.apis.meaning import Act
from localsocket_review.model.unit import Language
from localsocket_review.reviewer import Additions, review
from planted_defects import CORPUS, planted

FRAMEWORK = """\
languages = ["python"]
in_loop = ["busline.Handler.on_{line,end}"]

[calls]
"busline.serve" = { does = ["bind"], endpoint = [0, "path"], access = "everyone", restricted_by = "pass private=True" }
"busline.Peer.read" = { does = ["receive", "chunk"], result = "bytes", size = 0 }
"busline.listen_with" = { does = ["call_back"], target = 0, target_takes = ["busline.Peer"] }

[callbacks]
"busline.Handler.on_line" = ["received"]

[members]
"busline.Peer.name" = "received"
"""
PROGRAM = """\
import os
import time

import busline


class Handler(busline.Handler):
    def on_line(self, line):
        os.system(line)

    def on_end(self):
        time.sleep(5)


def answer(peer):
    os.system(peer.read(100))
    os.remove(peer.name)


busline.listen_with(answer)
busline.serve("/tmp/line.sock")
"""


@pytest.fixture(autouse=True)
def _cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "busline.toml").write_text(FRAMEWORK)
    path = tmp_path / "server.py"
    path.write_text(PROGRAM)
    return path


def found_in(path: Path, *options: str) -> set[tuple[str, int]]:
    done = run(str(path), "--format", "json", *options)
    return {(one["rule"], one["line"]) for one in json.loads(done.output)["findings"]}


FINDINGS = {("LS109", 9), ("LS109", 16), ("LS109", 17), ("LS101", 21), ("LS206", 12)}


@pytest.mark.long
def test_a_framework_of_the_user_tells_what_calls_whom_with_what(program: Path) -> None:
    assert found_in(program).isdisjoint(FINDINGS)
    assert found_in(program, "--frameworks", "busline.toml") >= FINDINGS


def test_the_restriction_that_a_framework_offers_is_the_repair(program: Path) -> None:
    assert "Repair: pass private=True." in run(str(program), "--frameworks", "busline.toml").output


def test_a_changed_framework_file_is_reviewed_anew(program: Path, tmp_path: Path) -> None:
    assert ("LS101", 21) in found_in(program, "--frameworks", "busline.toml")
    (tmp_path / "busline.toml").write_text(FRAMEWORK.replace('access = "everyone"', 'access = "owner"'))
    assert ("LS101", 21) not in found_in(program, "--frameworks", "busline.toml")


def test_the_settings_of_the_project_name_frameworks_beside_them(program: Path, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.localsocket-review]\nframeworks = ["busline.toml"]\n')
    assert found_in(program) >= FINDINGS


def test_copies_of_the_process_know_the_framework(program: Path, tmp_path: Path) -> None:
    additions = Additions((read_framework(tmp_path / "busline.toml"),))
    report = review([program], processes=2, additions=additions)
    assert {(one.rule, one.place.line) for one in report.findings} >= FINDINGS


def test_c_frameworks_are_told_alike(tmp_path: Path) -> None:
    (tmp_path / "wire.toml").write_text(
        'languages = ["c++"]\n[calls]\n'
        'wire_on_data = { does = ["call_back"], target = 1, target_takes = ["", "received"] }\n'
    )
    source = tmp_path / "server.c"
    source.write_text(
        "static void on_data(struct wire *wire, const char *text)\n{\n    system(text);\n}\n\n"
        "void start(struct wire *wire)\n{\n    wire_on_data(wire, on_data);\n}\n"
    )
    assert found_in(source) == set()
    assert found_in(source, "--frameworks", "wire.toml") == {("LS109", 3)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('languages = ["python"]\n[call]\n', ":2: `call` is unknown; did you mean 'calls'?"),
        ('[calls]\n"a.b" = { does = ["bind"] }\n', "`languages` is missing"),
        ('languages = ["ruby"]\n', ":1: `languages` names 'ruby', but there are only python and c++"),
        ('languages = ["c"]\n', "C is read as c++"),
        ('languages = "python"\n', "`languages` must be a list of strings, not 'python'"),
        (
            'languages = ["python"]\n[calls]\n"a.b" = { does = ["recieve"] }\n',
            ":3: `a.b` does 'recieve', which is not a thing that calls do; did you mean 'receive'?",
        ),
        ('languages = ["python"]\n[calls]\n"a.b" = { endpoint = 0 }\n', ":3: `a.b` does not say what the call does"),
        (
            'languages = ["python"]\n[calls]\n"a.b" = { does = ["bind"], endpont = 0 }\n',
            ":3: `endpont` of `a.b` is unknown; did you mean 'endpoint'?",
        ),
        (
            'languages = ["python"]\n[calls]\n"a.b" = { does = ["bind"], endpoint = -2 }\n',
            "`endpoint` must be a position, a keyword",
        ),
        (
            'languages = ["python"]\n[calls]\n"a.b" = { does = ["bind"], endpoint = true }\n',
            "`endpoint` must be a position, a keyword",
        ),
        ('languages = ["python"]\n[calls]\n"a.b" = "bind"\n', ":3: `a.b` must be a table such as"),
        ('languages = ["python"]\n[calls]\n"a b" = { does = ["bind"] }\n', "`a b` is not a dotted name"),
        (
            'languages = ["python"]\n[calls]\n"a.b" = { does = ["bind"], access = "everybody" }\n',
            "`access` must be one of umask, owner, everyone, not 'everybody'; did you mean 'everyone'?",
        ),
        (
            'languages = ["python"]\n[calls]\n"a.b" = { does = ["bind"], target_takes = ["received"] }\n',
            "has `target_takes` but no `target`",
        ),
        ('languages = ["python"]\n[callbacks]\non_line = ["received"]\n', ":3: `on_line` must be given with its class"),
        ('languages = ["python"]\n[callbacks]\n"a.B.c" = "received"\n', "must be a list of types"),
        ('languages = ["python"]\n[members]\n"a.B.c" = 1\n', "`a.B.c` must be a string, not 1"),
        ('languages = ["python"]\n[calls\n', ":2: is not TOML"),
        ('languages = ["python"]\n[settings]\nbind = { files = "*.py" }\n', ":3: `bind` must be a table such as"),
        (
            'languages = ["python"]\n[settings]\nbind = { files = "*.py", umask = "umask", acess = "owner" }\n',
            ":3: `acess` of `bind` is unknown; did you mean 'access'?",
        ),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_key(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(BadFrameworkFile) as raised:
        read_framework(path)
    assert str(raised.value).startswith(str(path))
    assert told in str(raised.value)


def test_the_command_refuses_a_bad_or_missing_file(program: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('languages = ["python"]\n[calls]\n"a.b" = { does = ["bnid"] }\n')
    for name, told in (("bad.toml", "bad.toml:3"), ("none.toml", "none.toml")):
        done = run(str(program), "--frameworks", name)
        assert done.status == 2
        assert told in done.complaints
        assert done.output == ""


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('framework = ["a.toml"]', "`framework` of [tool.localsocket-review] is unknown; did you mean 'frameworks'?"),
        ('rules = ["mine.py"]', "rules are code"),
        ('frameworks = "a.toml"', "must be a list of strings"),
        ('select = ["LS9"]', "there is no rule 'LS9'"),
    ],
)
def test_bad_settings_of_the_project_are_told(program: Path, tmp_path: Path, table: str, told: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.localsocket-review]\n{table}\n")
    done = run(str(program))
    assert done.status == 2
    assert told in done.complaints


def test_a_choice_in_braces_stands_for_each(tmp_path: Path) -> None:
    path = tmp_path / "choices.toml"
    path.write_text(
        'languages = ["c++"]\n[calls]\n"{a,b}.open{,_at}" = { does = ["open_path"], path = 0, result = "self" }\n'
    )
    apis = read_framework(path).calls[Language.CPP]
    assert {(one.name, one.returns) for one in apis} == {
        (name, name) for name in ("a.open", "b.open", "a.open_at", "b.open_at")
    }


def test_what_the_user_says_of_a_known_call_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('languages = ["python"]\n[calls]\n"uvicorn.run" = { does = ["close"] }\n')
    assert built_in().with_frameworks([read_framework(path)]).calls[Language.PYTHON]["uvicorn.run"].act is Act.CLOSE
    assert built_in().calls[Language.PYTHON]["uvicorn.run"].act is not Act.CLOSE


def test_every_framework_has_a_planted_defect() -> None:
    """Each table is asked for by a program of the corpus in which something is found, and which mentions it."""
    texts = [
        f"{path.name}\n{path.read_text(encoding='utf-8')}"
        for path in CORPUS.rglob("bad_*")
        if path.is_file() and planted(path)
    ]
    frameworks = Path(read_framework.__code__.co_filename).parent / "frameworks"
    for file in sorted(frameworks.glob("*.toml")):
        names = {api.name.split(".")[0] for apis in read_framework(file).calls.values() for api in apis} | {file.stem}
        assert any(name in text for name in names for text in texts), file.name
