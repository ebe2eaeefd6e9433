"""A repository with a messy history: twenty commits with what each of them brings and removes, made by git itself."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

SERVER = """\
import os
import socket


def serve(path):
    os.unlink(path)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    return server
"""
SILENCED = SERVER.replace(
    "(path)\n    server =", "(path)  # localsocket: ignore[LS106] the starter locks it\n    server ="
)
REPAIRED = SERVER.replace("    os.unlink(path)\n", "")
REFORMATTED = SERVER.replace("os.unlink(path)", "os.unlink( path )  # what was left").replace(
    "(path)\n    r", "( path )\n    r"
)
DOWN = '"""Serves."""\n\nimport logging\n\nLOG = logging.getLogger(__name__)\n\n' + SERVER
RECEIVING = "def receive(connection):\n    return connection.recv(100)\n"
HANDLING = """\
import pickle
import socket

from receiving import receive


def handle(path):
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    connection, _ = server.accept()
    return pickle.loads(receive(connection))
"""
LAST = HANDLING.replace("\n\ndef handle", "\n\ndef other():\n    return None\n\n\ndef handle")
BROKEN = "def serve(path:\n" + SERVER

Told = frozenset[str]  # "LS106 server.py"


@dataclass(frozen=True)
class Step:
    """One commit: the files that it writes, or removes where there is no text, and what that brings and takes away."""

    subject: str
    files: dict[str, str | None]
    comes: Told = frozenset()
    goes: Told = frozenset()
    merges: int = field(default=0)  # how many commits before this one the branch began that it merges


HISTORY = [
    Step("A server", {"server.py": SERVER}, comes=frozenset({"LS106 server.py"})),
    Step("Words about it", {"README": "It serves.\n"}),
    Step("Lines above", {"server.py": DOWN}),
    Step("A folder", {"server.py": None, "core/server.py": DOWN}),
    Step("Another style", {"core/server.py": REFORMATTED}),
    Step("What receives", {"receiving.py": RECEIVING}),
    Step("What handles", {"handling.py": HANDLING}, comes=frozenset({"LS107 handling.py"})),
    Step("Another order", {"handling.py": LAST}),
    Step("A copy", {"other.py": SERVER}, comes=frozenset({"LS106 other.py"})),
    Step("No copy", {"other.py": None}, goes=frozenset({"LS106 other.py"})),
    Step("A repair", {"core/server.py": REPAIRED}, goes=frozenset({"LS106 core/server.py"})),
    Step("No repair", {"core/server.py": SERVER}, comes=frozenset({"LS106 core/server.py"})),
    Step("A silence", {"core/server.py": SILENCED}),
    Step("No silence", {"core/server.py": SERVER}, comes=frozenset({"LS106 core/server.py"})),
    Step("A branch comes back", {"notes.txt": "merged\n"}, merges=3),
    Step("Windows", {"core/server.py": SERVER.replace("\n", "\r\n")}),
    Step("Generated", {".gitignore": "gen/\n", "gen/server.py": SERVER}),
    Step("Half a save", {"core/server.py": BROKEN}),
    # What was found before in half a file was uncertain, and is no new finding now.
    Step("The other half", {"core/server.py": SERVER}),
    Step(
        "The cause elsewhere",
        {"receiving.py": "def receive(connection):\n    return b''\n"},
        goes=frozenset({"LS107 handling.py"}),
    ),
]


def git(repository: Path, *arguments: str, text: str = "") -> str:
    """Run git with no settings of whoever runs the tests."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "HOME": str(repository)}
    command = ["git", "-c", "core.autocrlf=false", "-C", str(repository), *arguments]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=True, env=environment)
    return done.stdout.decode().strip()


def repository_with(history: list[Step], folder: Path) -> list[str]:
    """Make a repository with this history, and return the names of its commits; nothing is checked out."""
    folder.mkdir(exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main", ".")
    stream = []
    for number, step in enumerate(history, 1):
        stream += [
            f"commit refs/heads/main\nmark :{number}\ncommitter T <t@example.org> {1_700_000_000 + number} +0000"
        ]
        stream += [data(step.subject)]
        if step.merges:
            stream += [f"merge :{number - step.merges}"]
        for name, content in step.files.items():
            stream += [f"D {name}" if content is None else f"M 100644 inline {name}\n{data(content)}"]
    git(folder, "fast-import", "--quiet", text="\n".join(stream) + "\n")
    return git(folder, "rev-list", "--reverse", "--first-parent", "main").split()


def data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}"
