"""A working day: a repository with a messy history goes through baseline, hook, build server, repair and editor."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from command_line import Done, run
from editing import Editor, edit_a_program
from histories import HANDLING, HISTORY, SERVER, git, repository_with
from repository import ROOT, whole_repository


def hook(*options: str) -> Done:
    """Do what pre-commit does: run the entry of the hook with the files of the commit that it is for."""
    text = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    entry = re.search(r"^  entry: localsocket-review (.+)$", text, re.MULTILINE)
    assert entry is not None
    staged = git(Path(), "diff", "--cached", "--name-only", "--diff-filter=ACMR").splitlines()
    return run(*shlex.split(entry[1]), *options, *[name for name in staged if name.endswith(".py")])


@whole_repository
@pytest.mark.long
def test_a_messy_repository_is_taken_through_a_working_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    repository = tmp_path / "project"
    commits = repository_with(HISTORY, repository)
    monkeypatch.chdir(repository)
    git(repository, "checkout", "--quiet", "--force", "-B", "work", commits[5])
    Path(".localsocket-review.toml").write_text('select = ["LS106", "LS107"]\n')

    # What there is, is written down, and is no reason to fail from then on.
    assert run(".").status == 1
    assert run(".", "--write-baseline", "known.json").status == 0
    commit("A baseline", "known.json", ".localsocket-review.toml")
    assert run(".", "--baseline", "known.json").status == 0

    # A commit of one file is stopped for what it is the cause of in another, and only for that.
    receiving = Path("receiving.py").read_text()
    Path("receiving.py").write_text("def receive(connection):\n    return b'nothing yet'\n")
    Path("handling.py").write_text(HANDLING)
    git(repository, "add", "handling.py", "receiving.py")
    assert hook("--baseline", "known.json").status == 0
    commit("What handles", "handling.py", "receiving.py")
    Path("receiving.py").write_text(receiving)
    git(repository, "add", "receiving.py")
    stopped = hook("--baseline", "known.json")
    assert (stopped.status, told(stopped)) == (1, [("LS107", "handling.py")])

    # The change as a whole is told with what it removes, in each form that a build server takes.
    Path("core/server.py").write_text(SERVER.replace("    os.unlink(path)\n", ""))
    report = json.loads(run(".", "--diff", "HEAD", "--format", "json").output)
    assert [(one["rule"], one["file"]) for one in report["findings"]] == [("LS107", "handling.py")]
    assert [(one["rule"], one["file"]) for one in report["gone"]] == [("LS106", "core/server.py")]
    assert (
        "file=handling.py,line=11,endLine=11,title=LS107 CWE-502"
        in run(".", "--diff", "HEAD", "--format", "github").output
    )
    assert "Gone since HEAD" in run(".", "--diff", "HEAD", "--format", "markdown").output
    assert "Gone since known.json was written: LS106" in run(".", "--baseline", "known.json").output

    # What needs no thought is repaired, once: the mode of a new server is its owner's.
    Path("core/server.py").write_text(
        SERVER.replace("(path)\n    return", "(path)\n    os.chmod(path, 0o666)\n    return")
    )
    mode = ("--select", "LS101")
    assert "+    os.chmod(path, 0o600)" in run(".", *mode, "--fix", "--diff").output
    assert run(".", *mode).status == 1
    assert "1 defect repaired" in run(".", *mode, "--fix").complaints
    assert "os.chmod(path, 0o600)" in Path("core/server.py").read_text()
    assert run(".", *mode).status == 0
    assert "Nothing can be repaired" in run(".", *mode, "--fix").complaints

    # An editor shows at once what the hook has stopped, and where in another file it comes from, by the same settings.
    async def work(editor: Editor) -> None:
        editor.open("handling.py", HANDLING)
        await editor.sees(lambda: editor.rules("handling.py") == ["LS107"])
        (shown,) = editor.shown["handling.py"]
        assert shown.range.start.line == 10
        assert "receiving.py" in {Path(one.location.uri).name for one in shown.related_information or ()}
        editor.type("handling.py", "def handle(connection):\n    return None\n", 2)
        await editor.sees(lambda: editor.rules("handling.py") == [])

    edit_a_program(repository, work)

    # A reason lets it pass, and is told when it is not needed any more.
    reason = "  # localsocket: ignore[LS107] the peer is this program"
    Path("handling.py").write_text(HANDLING.replace("(connection))", f"(connection)){reason}"))
    git(repository, "add", "handling.py")
    assert hook("--baseline", "known.json").status == 0
    Path("receiving.py").write_text("def receive(connection):\n    return b'nothing yet'\n")
    unused = run(".", "--report-unused-suppressions", "--select", "LS107,LS400")
    assert told(unused) == [("LS400", "handling.py")]


def told(done: Done) -> list[tuple[str, ...]]:
    return re.findall(r"^\d+\. (\w+) (?:CWE-\d+ )?(\S+):\d+:", done.output, re.MULTILINE)


def commit(subject: str, *files: str) -> None:
    git(Path(), "add", *files)
    git(Path(), "-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", subject)
