"""The documentation works: examples run, links lead somewhere, and the README's commands are the tested ones."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from attended_programs import attended
from other_words import escaped

ROOT = Path(__file__).parent.parent
EXAMPLES_IN = [ROOT / "README.md", *sorted(ROOT.glob("packages/*/README.md")), *sorted(ROOT.glob("docs/**/*.md"))]
LINKS_IN = [*EXAMPLES_IN, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "newsfragments" / "README.md"]

FENCED = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_RUN = re.compile(r"<!-- not run: (?P<reason>.+) -->\n+\Z")
# Run where it can be imported, and else only compiled.
NEEDS = re.compile(r"<!-- needs: (?P<module>\S+) -->\n+\Z")
# How a program ends that lacks something.
IMPORT_ERROR = re.compile(r"^(?:ImportError|ImportWarning|ModuleNotFoundError): (?P<reason>.+)\n\Z", re.MULTILINE)
# What stands directly below an example is what it prints.
OUTPUT = re.compile(r"\A\n\n```text\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
# Another one in each run, as the documents write it: which process, which user, and what an error is called in the log.
VARIES = re.compile(r"\b(?:41\d\d|1000|5d1f0a3b)\b")
# Seconds. The slowest takes four on an idle machine.
HANGS_AFTER = 300
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")


class Example(NamedTuple):
    document: Path
    line: int
    text: str
    not_run: str | None
    needs: str | None
    output: str | None

    @property
    def name(self) -> str:
        return f"{self.document.relative_to(ROOT).as_posix()}:{self.line}"


def examples(document: Path) -> list[Example]:
    whole = document.read_text(encoding="utf-8")
    found = []
    for block in FENCED.finditer(whole):
        if block["language"] == "python":
            before = whole[: block.start()]
            skipped, needs = NOT_RUN.search(before), NEEDS.search(before)
            output = OUTPUT.match(whole[block.end() :])
            found.append(
                Example(
                    document,
                    before.count("\n") + 2,
                    block["text"],
                    skipped and skipped["reason"],
                    needs and needs["module"],
                    output and output["text"],
                )
            )
    return found


def is_printed(shown: str, printed: str) -> bool:
    wanted, end = "", 0
    for varying in VARIES.finditer(shown):
        wanted += escaped(shown[end : varying.start()]) + r"\w+"
        end = varying.end()
    return re.fullmatch(wanted + escaped(shown[end:]), printed) is not None


def run_to_its_end(program: Path) -> subprocess.CompletedProcess[str]:
    """Run the program; where it does not end, fail with the lines in which its threads are."""
    command = [sys.executable, "-W", "error", "-X", "faulthandler", program]
    pipe = subprocess.PIPE
    with attended(subprocess.Popen(command, cwd=program.parent, stdout=pipe, stderr=pipe, text=True)) as running:
        try:
            output, errors = running.communicate(timeout=HANGS_AFTER)
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGABRT)
            pytest.fail("\n".join([f"it has not ended after {HANGS_AFTER} s", *running.communicate()]))
    return subprocess.CompletedProcess(command, running.returncode, output, errors)


def readme_command(name: str) -> str:
    command = [ROOT / ".ci" / "readme-command", name]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.long
@pytest.mark.parametrize("example", [e for document in EXAMPLES_IN for e in examples(document)], ids=lambda e: e.name)
def test_example_runs_as_printed(example: Example, tmp_path: Path) -> None:
    compile(example.text, example.name, "exec")
    if example.not_run:
        pytest.skip(example.not_run)
    program = tmp_path / "example.py"
    # Empty lines first: a traceback then names the line of the document.
    program.write_text("\n" * (example.line - 1) + example.text, encoding="utf-8")
    done = run_to_its_end(program)
    if example.needs and (missing := IMPORT_ERROR.search(done.stderr)):
        pytest.skip(missing["reason"])
    assert done.returncode == 0, f"{example.name}\n{done.stdout}{done.stderr}"
    assert not done.stderr
    assert done.stdout, "an example that shows nothing may have done nothing"
    if example.output is not None:
        assert is_printed(example.output, done.stdout), done.stdout


@pytest.mark.parametrize("document", LINKS_IN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_to_a_file(document: Path) -> None:
    prose = re.sub(r"`[^`\n]+`", "", FENCED.sub("", document.read_text(encoding="utf-8")))
    targets = {link["target"].partition("#")[0] for link in LINK.finditer(prose)}
    relative = {target for target in targets if target and "://" not in target}
    assert not [target for target in sorted(relative) if not (document.parent / target).exists()]


@pytest.mark.parametrize(("name", "ends_with"), [("run", "localsocket exchange\n"), ("test", "pytest\n")])
def test_readme_has_one_line_that_makes_its_own_environment(name: str, ends_with: str) -> None:
    command = readme_command(name)
    assert command.startswith("python3 -m venv ")
    assert command.endswith(ends_with)


def test_ci_runs_the_commands_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "$(.ci/readme-command test)" in script
    assert "$(.ci/readme-command run)" in script
