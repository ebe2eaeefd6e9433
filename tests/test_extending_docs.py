"""The pages about frameworks and rules of one's own are true: their files are written, and their commands are run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
FILE = re.compile(r"^<!-- file: (?P<path>\S+) -->\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
SESSION = re.compile(
    r"^```sh\n(?P<commands>.*?)^```$\n\n^```text\n(?P<shown>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@pytest.mark.long
@pytest.mark.parametrize("page", ["frameworks.md", "own-rules.md"])
def test_the_commands_of_the_page_show_what_stands_there(page: str, tmp_path: Path) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    for found in FILE.finditer(text):
        path = tmp_path / found["path"]
        path.parent.mkdir(exist_ok=True)
        path.write_text(found["text"], encoding="utf-8")
    command = f'localsocket-review() {{ {sys.executable} -m localsocket_review "$@"; }}\n'
    environment = {**os.environ, "COLUMNS": "300", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    sessions = list(SESSION.finditer(text))
    assert len(sessions) >= 2
    for session in sessions:
        done = subprocess.run(
            ["bash", "-c", command + session["commands"]],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.startswith(session["shown"]), done.stdout + done.stderr
