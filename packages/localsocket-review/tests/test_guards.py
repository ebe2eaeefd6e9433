"""Guards of daily life: where one stands on every way, nothing is found, and where it does not, everything is."""

from __future__ import annotations

from pathlib import Path

import pytest

from localsocket_review.reviewer import review

HEAD = """\
import configparser
import enum
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from werkzeug.utils import secure_filename

ALLOWED = {"one", "two"}
FILES = {"one": "/srv/files/1", "two": "/srv/files/2"}
ROOT = "/srv/files"


class Kind(enum.Enum):
    ONE = "one"
    TWO = "two"


def refuse(name) -> NoReturn:
    raise ValueError(name)


def leave(name):
    print(name)
    sys.exit(1)


def tell(name):
    print(name)


def is_known(name):
    return name in ALLOWED


def is_known_at_length(name):
    if name in ALLOWED:
        return True
    return False


def is_anything(name):
    return name != ""


def checked(name):
    if name not in ALLOWED:
        raise ValueError(name)
    return name


def check(name):
    if name not in ALLOWED:
        raise ValueError(name)


def look_at(name):
    if name == "":
        raise ValueError(name)
"""
HANDLER = """

def handle_{number}(connection):
    name = connection.makefile("r").readline(200).strip()
{guard}    {use}
"""
TAIL = """

with socket.socket(socket.AF_UNIX) as server:
    server.bind("/run/user/1000/guards")
    server.listen()
    while True:
        accepted, _ = server.accept()
"""
OF_PATHS = (
    'return open("/srv/files/" + str(name)).read()',
    'os.remove(f"/srv/files/{name}")',
    'return Path("/srv/files", name).read_text()',
)
OF_TEXTS = (
    'subprocess.run("show " + str(name), shell=True)',
    "return eval(name)",
)
NO = 'return b"no"'
# Each guard by its lines. What only keeps a path inside of a directory says nothing of commands.
FOR_ALL: dict[str, str] = {
    "set": f"if name not in ALLOWED:\n    {NO}",
    "tuple": 'if name not in ("one", "two"):\n    raise ValueError(name)',
    "dictionary": "if name not in FILES:\n    refuse(name)",
    "looked up": 'name = FILES.get(name, "/srv/files/0")',
    "looked up or error": "name = FILES[name]",
    "key that is there": "FILES[name]",
    "found": f"if (found := FILES.get(name)) is None:\n    {NO}\nname = found",
    "match": f'match name:\n    case "one" | "two":\n        pass\n    case _:\n        {NO}',
    "match that sets": 'match name:\n    case "one":\n        name = "1"\n    case _:\n        raise ValueError(name)',
    "match that chooses": (
        'match name:\n    case "one":\n        chosen = "1"\n    case _:\n        chosen = "2"\nname = chosen'
    ),
    "enumeration": "name = Kind(name).value",
    "enumeration tried": f"try:\n    kind = Kind(name)\nexcept ValueError:\n    {NO}\nname = kind.value",
    "enumeration by name": "name = Kind[name].value",
    "enumeration that raises": "Kind(name)",
    "full match": f'if not re.fullmatch(r"[a-z]+", name):\n    {NO}',
    "full match is None": f'if re.fullmatch(r"[a-z]+", name) is None:\n    {NO}',
    "full match kept": f'fits = re.fullmatch(r"[a-z]+", name)\nif not fits:\n    {NO}',
    "full match in a condition": f'if (fits := re.fullmatch(r"[a-z]+", name)) is None:\n    {NO}',
    "compiled": f'pattern = re.compile(r"[a-z]+")\nif not pattern.fullmatch(name):\n    {NO}',
    "letters": f"if not name.isalnum():\n    {NO}",
    "equals": f'if name != "one" and name != "two":\n    {NO}',
    "exit": "if name not in ALLOWED:\n    sys.exit(2)",
    "exit at once": "if name not in ALLOWED:\n    os._exit(2)",
    "helper that exits": "if name not in ALLOWED:\n    leave(name)",
    "helper that says so": f"if not is_known(name):\n    {NO}",
    "helper that says so at length": f"if not is_known_at_length(name):\n    {NO}",
    "helper that raises": "check(name)",
    "helper that gives back": "name = checked(name)",
    "default": 'if name not in ALLOWED:\n    name = "one"',
    "choice": 'name = name if name in ALLOWED else "one"',
    "or exit": "name in ALLOWED or sys.exit(1)",
    "always": 'if True:\n    name = "one"',
    "always, by numbers": 'if 5 * 7 == 35:\n    name = "one"',
    "other key": 'things = {"a": name, "b": "one"}\nname = things["b"]',
    "other index": 'things = [name, "one"]\nname = things[1]',
    "moved index": 'things = ["x", name, "one"]\nthings.pop(0)\nname = things[1]',
    "other setting": (
        'things = configparser.ConfigParser()\nthings.add_section("s")\nthings.set("s", "a", name)\n'
        'things.set("s", "b", "one")\nname = things.get("s", "b")'
    ),
    "until it is": "while name not in ALLOWED:\n    name = next(iter(ALLOWED))",
    "otherwise": f"if name in ALLOWED:\n    pass\nelse:\n    {NO}",
    "noted": f"ok = name in ALLOWED\nif not ok:\n    {NO}",
    "number": "name = str(int(name))",
    "one of ours": 'name = next((one for one in ALLOWED if one == name), "one")',
    "others taken out": 'name = re.sub(r"[^a-z]", "", name)',
}
FOR_PATHS: dict[str, str] = {
    "dots": 'if ".." in name or "/" in name:\n    raise ValueError(name)',
    "dots alone": f'if ".." in name:\n    {NO}',
    "any of both": f'if any(part in name for part in ("..", "/")):\n    {NO}',
    "dots between": f'if ".." in name.split("/"):\n    {NO}',
    "parts": f'if ".." in Path(name).parts:\n    {NO}',
    "base name": "name = os.path.basename(name)",
    "name of a path": "name = Path(name).name",
    "secured": "name = secure_filename(name)",
    "replaced": 'name = name.replace("/", "_")',
    "common path": (
        f"path = os.path.realpath(os.path.join(ROOT, name))\nif os.path.commonpath([ROOT, path]) != ROOT:\n    {NO}\n"
        "name = path"
    ),
    "beginning": (
        f"path = os.path.realpath(os.path.join(ROOT, name))\nif not path.startswith(ROOT + os.sep):\n    {NO}\n"
        "name = path"
    ),
    "inside": f"path = (Path(ROOT) / name).resolve()\nif not path.is_relative_to(ROOT):\n    {NO}\nname = path",
    "inside or error": "path = (Path(ROOT) / name).resolve()\npath.relative_to(ROOT)\nname = path",
    "inside, tried": (
        f"path = (Path(ROOT) / name).resolve()\ntry:\n    path.relative_to(ROOT)\nexcept ValueError:\n    {NO}\n"
        "name = path"
    ),
    "above": f"path = (Path(ROOT) / name).resolve()\nif Path(ROOT) not in path.parents:\n    {NO}\nname = path",
    "in the directory": f"if name not in os.listdir(ROOT):\n    {NO}",
}
# What looks like a guard and is none.
NONE: dict[str, str] = {
    "nothing": "pass",
    "only told": "if name not in ALLOWED:\n    print(name)",
    "helper that only tells": "if name not in ALLOWED:\n    tell(name)",
    "helper that says nothing": f"if not is_anything(name):\n    {NO}",
    "helper that raises for nothing": "look_at(name)",
    "error let pass": "try:\n    Kind(name)\nexcept ValueError:\n    pass",
    "either": f'if name not in ALLOWED and name != "":\n    {NO}\nname = connection.recv(20).decode()',
    "never": 'if False:\n    name = "one"',
    "the same key": 'things = {"a": name, "b": "one"}\nname = things["a"]',
    "moved to it": 'things = ["x", name, "one"]\nthings.pop(0)\nname = things[0]',
    "one way of two": f"if connection.fileno() > 5:\n    if name not in ALLOWED:\n        {NO}",
    "other name": f"other = connection.recv(20).decode()\nif other not in ALLOWED:\n    {NO}",
}


def acts_on(guard: str, uses: tuple[str, ...], directory: Path) -> list[int]:
    """Return the lines that act on what a peer chose, of a program with a handler for each use."""
    indented = "".join(f"    {line}\n" for line in guard.splitlines())
    handlers = "".join(HANDLER.format(number=at, guard=indented, use=use) for at, use in enumerate(uses))
    path = directory / "guarded.py"
    path.write_text(HEAD + handlers + TAIL, encoding="utf-8")
    report = review([path])
    assert not report.not_reviewed
    return [finding.place.line for finding in report.findings if finding.rule == "LS109"]


@pytest.mark.parametrize("guard", FOR_ALL)
def test_what_is_known_is_left_alone(guard: str, tmp_path: Path) -> None:
    assert acts_on(FOR_ALL[guard], OF_PATHS + OF_TEXTS, tmp_path) == []


@pytest.mark.parametrize("guard", FOR_PATHS)
def test_a_path_that_stays_inside_is_left_alone(guard: str, tmp_path: Path) -> None:
    assert acts_on(FOR_PATHS[guard], OF_PATHS, tmp_path) == []


@pytest.mark.parametrize("guard", NONE)
def test_what_is_no_guard_hides_nothing(guard: str, tmp_path: Path) -> None:
    assert len(acts_on(NONE[guard], OF_PATHS + OF_TEXTS, tmp_path)) == len(OF_PATHS + OF_TEXTS)
