"""Settings that stand with the code: found upwards from each path, checked word by word, and shown."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from command_line import run

SERVER = """\
import os
import socket


def serve(path):
    os.unlink(path)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    return server
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    project = tmp_path / "project"
    (project / "src" / "net").mkdir(parents=True)
    (project / "src" / "net" / "server.py").write_text(SERVER)
    monkeypatch.chdir(tmp_path)
    return project


def settle(project: Path, text: str) -> None:
    (project / ".localsocket-review.toml").write_text(text)


def rules(*arguments: object) -> list[str]:
    done = run(*arguments, "--format", "json")
    return [one["rule"] for one in json.loads(done.output)["findings"]]


@pytest.mark.long
def test_settings_are_found_upwards_from_the_path_and_not_from_here(project: Path) -> None:
    assert "LS106" in rules(project)
    (project / "pyproject.toml").write_text('[tool.localsocket-review]\nignore = ["LS106"]\n')
    assert "LS106" not in rules(project / "src" / "net" / "server.py")
    settle(project / "src", 'select = ["LS106"]')
    assert rules(project / "src" / "net") == ["LS106"]
    assert "LS106" not in rules(project)  # which begins above


def test_the_file_of_its_own_goes_before_pyproject(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.localsocket-review]\nignore = ["LS1"]\n')
    settle(project, 'select = ["LS106"]')
    assert rules(project) == ["LS106"]


def test_paths_with_settings_of_their_own_are_one_program_and_each_is_told_as_it_wants(project: Path) -> None:
    (project / "lib").mkdir()
    (project / "lib" / "other.py").write_text(SERVER)
    settle(project / "src", 'ignore = ["LS106"]')
    settle(project / "lib", 'select = ["LS106"]')
    done = run(project / "src", project / "lib", "--format", "json")
    told = {(one["rule"], Path(one["file"]).name) for one in json.loads(done.output)["findings"]}
    assert ("LS106", "other.py") in told
    assert ("LS106", "server.py") not in told
    assert "of rules that the settings leave out there" in json.loads(done.output)["verdict"]


@pytest.mark.long
def test_config_names_the_settings_and_isolated_takes_none(project: Path, tmp_path: Path) -> None:
    settle(project, 'ignore = ["LS106"]')
    (tmp_path / "strict.toml").write_text('select = ["LS106"]')
    assert rules(project, "--config", "strict.toml") == ["LS106"]
    assert "LS106" in rules(project, "--isolated")
    assert run(project, "--isolated", "--config", "strict.toml").status == 2
    assert "does not exist" in run(project, "--config", "missing.toml").complaints


def test_extended_settings_come_first_and_a_circle_is_told(project: Path) -> None:
    (project / "base.toml").write_text('ignore = ["LS2"]\nselect = ["LS106", "LS2"]\n[severity]\nLS106 = "low"\n')
    settle(project / "src", 'extend = "../base.toml"\nignore = ["LS3"]\n')
    done = run(project / "src", "--format", "json")
    assert [(one["rule"], one["severity"]) for one in json.loads(done.output)["findings"]] == [("LS106", "low")]
    (project / "base.toml").write_text('extend = ["src/.localsocket-review.toml"]\n')
    assert "leads in a circle" in " ".join(run(project / "src").complaints.split())


@pytest.mark.long
def test_a_rule_ignored_in_some_files_is_silenced_there_with_the_reason(project: Path) -> None:
    (project / "src" / "other.py").write_text(SERVER)
    settle(project, '[per-file-ignores]\n"src/net/" = ["LS106"]\n')
    done = run(project, "--format", "json")
    report = json.loads(done.output)
    assert [Path(one["file"]).name for one in report["findings"] if one["rule"] == "LS106"] == ["other.py"]
    assert [one["reason"] for one in report["silenced"]] == ["per-file-ignores of .localsocket-review.toml"]
    assert "1 silenced by settings" in run(project).output
    (sarif,) = json.loads(run(project, "--format", "sarif").output)["runs"]
    kinds = [one["suppressions"][0]["kind"] for one in sarif["results"] if "suppressions" in one]
    assert kinds == ["external"]


def test_a_defect_that_settings_call_a_note_makes_no_clean_verdict(project: Path) -> None:
    settle(project, 'select = ["LS106"]\n[severity]\nLS1 = "high"\nLS106 = "note"\n')
    done = run(project)
    assert done.status == 0
    assert done.output.startswith("No security defects are detected by the rules that were selected.")
    assert "Not checked: what the settings call a note, not a defect: LS106" in done.output


@pytest.mark.long
def test_patterns_are_about_the_folder_of_their_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "server.py").write_text(SERVER)
    settle(project, 'exclude = ["/src/net"]')
    for here, path in ((project.parent, project), (project, "."), (project / "src", "..")):
        monkeypatch.chdir(here)
        done = run(path, "--format", "json")
        assert json.loads(done.output)["reviewed"]["files"] == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ignroe = []", "`ignroe` of the settings is unknown; did you mean 'ignore'?"),
        ("zzz = 1", "`zzz` of the settings is unknown; there are exclude, extend"),
        ('rules = ["mine.py"]', "`rules` of the settings is not read: rules are code"),
        ('select = "LS106"', "`select` of the settings must be a list of strings"),
        ('ignore = ["LS1O6"]', "there is no rule 'LS1O6'; did you mean 'LS1"),
        ("per-file-ignores = []", "`per-file-ignores` of the settings must be a table"),
        ('per-file-ignores = { "*.py" = ["XX"] }', "there is no rule 'XX'"),
        ('severity = { LS106 = "hihg" }', "`severity` of the settings, at 'LS106', is 'hihg'; did you mean 'high'?"),
        ('severity = { LS999 = "low" }', "there is no rule 'LS999'"),
        ("severity = 3", "`severity` of the settings must be a table"),
        ('extend = "missing.toml"', "which does not exist"),
        ("select = [", ".localsocket-review.toml: "),
    ],
)
def test_what_is_wrong_is_told_with_its_file(project: Path, text: str, told: str) -> None:
    settle(project, text)
    done = run(project)
    words = " ".join(done.complaints.replace("│", " ").split())
    assert done.status == 2
    assert told in words
    assert str(project / ".localsocket-review.toml") in words


@pytest.mark.long
def test_the_settings_in_force_are_shown_as_they_could_be_written(project: Path) -> None:
    settle(
        project,
        'ignore = ["LS3"]\nexclude = ["gen/"]\n[severity]\nls403 = "note"\n[per-file-ignores]\n"a*" = ["LS2"]\n',
    )
    done = run(project, "--show-settings", "--exclude", "out", "--select", "LS1,LS3,LS4")
    shown = tomllib.loads(done.output)
    assert (done.status, shown["exclude"], shown["ignore"]) == (0, ["gen/", "out"], ["LS3"])
    assert (shown["severity"], shown["select"]) == ({"LS403": "note"}, ["LS1", "LS3", "LS4"])
    assert shown["per-file-ignores"] == {"a*": ["LS2"]}
    assert f"{project.name}/.localsocket-review.toml" in done.output
    assert "no file of settings" in run("--show-settings").output
