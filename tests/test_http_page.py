"""The clients on the page about HTTP do what it shows: each is run against the service that is served there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import localsocket
from test_docs import FENCED, OUTPUT

PAGE = (Path(__file__).parent.parent / "docs" / "http.md").read_text(encoding="utf-8")
# The program, and what runs a file of it.
RUN_BY = {"bash": ["bash"], "javascript": ["node"], "go": ["go", "run"]}
NEEDS = {"bash": "curl"}
SUFFIXES = {"bash": "sh", "javascript": "js", "go": "go"}


def blocks(language: str) -> list[tuple[str, str]]:
    """Return the blocks in a language, each with the output that is shown below it."""
    found = [block for block in FENCED.finditer(PAGE) if block["language"] == language]
    return [(block["text"], output["text"] if (output := OUTPUT.match(PAGE[block.end() :])) else "") for block in found]


def shop() -> localsocket.Service:
    """Return the service of the page's first example, without what serves and calls it there."""
    (program, _), *_ = blocks("python")
    made, found, _ = program.partition("with localsocket.ServerThread")
    assert found
    names: dict[str, Any] = {"__name__": "shop"}
    exec(compile(made.replace("import httpx\n", ""), "http.md", "exec", dont_inherit=True), names)
    service: localsocket.Service = names["service"]
    return service


@pytest.mark.parametrize("language", RUN_BY)
def test_a_client_prints_what_the_page_shows(language: str, tmp_path: Path) -> None:
    command = RUN_BY[language]
    for program in (command[0], NEEDS.get(language, command[0])):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    ((text, output),) = blocks(language)
    assert output
    file = tmp_path / f"client.{SUFFIXES[language]}"
    file.write_text(text, encoding="utf-8")
    with localsocket.ServerThread("demo.shop", shop()):
        done = subprocess.run([*command, file], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == (output, "")


def test_the_page_tells_every_code_with_its_status() -> None:
    from localsocket.wire import http_problems

    told = dict.fromkeys(http_problems._STATUS, 0)
    for line in PAGE.splitlines():
        if line.startswith("| ") and line[2:5].isdigit():
            _, status, codes, *_ = line.split("|")
            for code in codes.replace("`", "").split(","):
                told[code.strip()] = int(status)
    assert told.pop("result-too-long") == 0  # a client of HTTP has no limit that it could tell
    assert told == {code: int(status) for code, status in http_problems._STATUS.items() if code in told}
