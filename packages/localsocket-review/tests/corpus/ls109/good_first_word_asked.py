"""Each word that is used is one of the program's own."""

import socket
import subprocess
from pathlib import Path

COMMANDS = frozenset({"true", "false"})


class Shelf:
    def __init__(self, root: Path) -> None:
        self.root = root

    def show(self, name: str) -> str:
        if "/" in name or ".." in name:
            raise ValueError(name)
        return (self.root / f"{name}.txt").read_text()


def by_word(line: str) -> None:
    words = line.split()
    if words[0] == "run" and words[1] in COMMANDS:
        subprocess.run(words[1], shell=True, check=False)


def by_first_word(line: str) -> None:
    words = line.split()
    if words[0] == "true":
        subprocess.run(words[0], shell=True, check=False)


def by_whole(line: str) -> None:
    if line == "true\n":
        subprocess.run(line, shell=True, check=False)


def by_pattern(line: str, shelf: Shelf) -> None:
    match line.split():
        case ["run", command] if command in COMMANDS:
            subprocess.run(command, shell=True, check=False)
        case ["show", name, *_]:
            print(shelf.show(name))


def serve(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        with connection.makefile("r") as lines:
            line = lines.readline(200)
            by_word(line)
            by_first_word(line)
            by_whole(line)
            by_pattern(line, Shelf(Path("/srv/shelf")))
