"""What is asked of the first word, or of the first character, says nothing of what follows it."""

import socket
import subprocess
from pathlib import Path


class Shelf:
    def __init__(self, root: Path) -> None:
        self.root = root

    def show(self, name: str) -> str:
        return (self.root / f"{name}.txt").read_text()  # expect: LS109


def by_word(line: str) -> None:
    words = line.split()
    if words[0] == "run":
        subprocess.run(words[1], shell=True, check=False)  # expect: LS109


def by_beginning(line: str) -> None:
    if line.startswith("run "):
        subprocess.run(line[4:], shell=True, check=False)  # expect: LS109


def by_character(line: str) -> None:
    if line[0] == "!":
        subprocess.run(line, shell=True, check=False)  # expect: LS109


def by_pattern(line: str, shelf: Shelf) -> None:
    match line.split():
        case ["run", command]:
            subprocess.run(command, shell=True, check=False)  # expect: LS109
        case ["show", name, *_]:
            print(shelf.show(name))


def serve(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        with connection.makefile("r") as lines:
            line = lines.readline(200)
            by_word(line)
            by_beginning(line)
            by_character(line)
            by_pattern(line, Shelf(Path("/srv/shelf")))
