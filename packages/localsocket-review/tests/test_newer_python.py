"""Python of any version means the same under any interpreter, and what is in no Python is said."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

import pytest

import localsocket_review
from command_line import run
from comparing_models import first_difference
from localsocket_review.model.unit import Unit
from localsocket_review.reading import python_newer, python_reader
from localsocket_review.reading.python_reader import read_python
from localsocket_review.reviewer import review
from planted_defects import CORPUS

# What is newer, and the same as Python 3.11 can say it.
TWINS = {
    "quotes in quotes": ('x = f"{d["a"]} b"\n', "x = f\"{d['a']} b\"\n"),
    "strings in strings": ('x = f"{f"{f"{y}"}"}"\n', "x = f\"{f'''{f'{y}'}'''}\"\n"),
    "a backslash": ("x = f\"{'\\n'.join(a)}!\"\n", "x = f'''{chr(10).join(a)}!'''\n".replace("chr(10)", '"""\n"""')),
    "over lines": ('x = f"{\n  a +  # why\n  b\n}"\n', "x = f'{a + b}'\n"),
    "a format": ("x = f'{a:{w['b']}.2} {c!r} {e=}'\n", "x = f'{a:{w[\"b\"]}.2} {c!r} {e=}'\n"),
    "a format of its sign": ("x = f'{a:=5} {b['c']}'\n", "x = f'{a:=5} {b[\"c\"]}'\n"),
    "side by side": ("x = 'a' f'{b['c']}' \"d\"\n", "x = 'a' f'{b[\"c\"]}' \"d\"\n"),
    "a template": ("x = t'select {name!r:>{w}}'\n", "x = f'select {name!r:>{w}}'\n"),
    "a raw template": ("x = rt'\\d{name}'\n", "x = rf'\\d{name}'\n"),
    "a type": ("type Pair[T: int, *Ts, **P] = dict[T, 'X']\n", "Pair = dict[T, 'X']\n"),
    "a parameter of a function": (
        "def f[T: (int, str)](x: T) -> T:\n    return x\n",
        "def f(x: T) -> T:\n    return x\n",
    ),
    "parameters over lines": ("class A[\n    T,  # one\n    S,\n](B):\n    x = 1\n", "class A(B):\n    x = 1\n"),
    "a default": ("class A[T = int, *Ts = *tuple[int]]:\n    pass\n", "class A:\n    pass\n"),
    "exceptions": ("try:\n    f()\nexcept A, b.C:\n    g()\n", "try:\n    f()\nexcept (A, b.C):\n    g()\n"),
    "exceptions of groups": ("try:\n    f()\nexcept* A, B:\n    g()\n", "try:\n    f()\nexcept* (A, B):\n    g()\n"),
    "a late import": ("lazy import os.path as p\nlazy from a import b\n", "import os.path as p\nfrom a import b\n"),
    "unpacked in a list": ("x = [*a for a in b]\n", "x = [a for a in b]\n"),
}
# Of 3.8 to 3.11, which every interpreter here knows; and words that are only sometimes special.
KNOWN = {
    "walrus": "while chunk := s.recv(9):\n    f(chunk)\n",
    "positional only": "def f(a, /, b=1, *, c, **d):\n    return lambda x, /, *y: x\n",
    "match": "match a:\n    case {'b': 1, **rest} if c:\n        d()\n    case [1, *_] | A(b=2) as e:\n        f()\n",
    "except groups": "try:\n    f()\nexcept* (A, B) as e:\n    g(e)\n",
    "with in parentheses": "with (open(a) as b, open(c) as d):\n    pass\n",
    "soft words": "type = match = case = lazy = 1\ntype(match).case = _ = print(type, lazy)\nmatch(case)\n",
    "a call of type": "def f(self):\n    type(self).seen[0] = self.a = b\n    type (self).x = 1\n",
    "a shifted print": "import sys\nprint >> sys.stderr, 'x'\nprint >> (sys.stderr)\n",
    "stars": "a[*b]\nfor c in *d, *e:\n    yield_ = f(*g, **h)\n",
    "line ends": "def f():\r\n    x = '''a\r\nb''' \\\r\n      'c'\r\n    return x\r\n",
    "only carriage returns": "def f():\r    return 1\rx = f()\r",
    "form feeds": "\x0cdef f():\n    pass\n\x0c\nx = 1\n",
    "a comment at the end": "def f():\n    pass\n    # c",
}
SERVER = """\
import os
import socket

type Path = str


class Server[T]:
    def serve(self, options: dict[str, T]) -> None:
        path = f"/run/{options["name"]}.sock"
        os.unlink(path)
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        connection, _ = server.accept()
        try:
            os.system(f"echo {connection.recv(100).decode()}")
        except OSError, ValueError:
            connection.close()
"""


PLACES_IN_STRINGS = sys.version_info >= (3, 12)


def model(source: str) -> Unit:
    unit = read_python("sample.py", source)
    assert not unit.unread, unit.unread
    assert not unit.half_read, unit.half_read
    return unit


@pytest.fixture
def _without_ast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the other way be gone, as under an interpreter that knows nothing newer."""
    monkeypatch.setattr(python_reader, "_parse", python_reader._parse_newer)


@pytest.mark.parametrize("name", TWINS)
def test_what_is_newer_means_what_older_words_mean(name: str) -> None:
    newer, older = TWINS[name]
    assert not first_difference(model(newer), model(older), places=False)


@pytest.mark.usefixtures("_without_ast")
@pytest.mark.parametrize("name", TWINS)
def test_what_is_newer_means_the_same_where_the_interpreter_knows_it(name: str) -> None:
    newer, older = TWINS[name]
    assert not first_difference(model(newer), model(older), places=False)


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_known_needs_no_other_words(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = model(KNOWN[name])
    monkeypatch.setattr(python_reader, "_parse", python_reader._parse_newer)
    assert not first_difference(model(KNOWN[name]), expected, places_in_strings=PLACES_IN_STRINGS)


def test_places_stay_where_they_are() -> None:
    source = "def f[T](x):\n    return g(f'{x['é']}', h(x))  # é\n"
    unit = read_python("sample.py", source)
    calls = {call.called_name: call.place for call in unit.body.nested[0].calls()} if unit.body else {}
    lines = source.encode().split(b"\n")
    for name, place in calls.items():
        assert lines[place.line - 1][place.column - 1 :].startswith(name.encode())
    assert lines[1][calls["h"].column - 1 : calls["h"].end_column - 1] == b"h(x)"


def test_a_name_inside_of_a_string_is_where_it_stands() -> None:
    unit = read_python("sample.py", 'type A = int\nx = f"{\n  call(d["a"])\n} {f"{other()}"}"\n')
    assert unit.body is not None
    places = {call.called_name: (call.place.line, call.place.column) for call in unit.body.calls()}
    assert places == {"call": (3, 3), "other": (4, 7)}


def test_names_in_type_parameters_are_used() -> None:
    unit = read_python("sample.py", "from a import Bound\ndef f[T: Bound](x: T): pass\n")
    assert unit.identifiers["Bound"] > unit.declared["Bound"]


def test_comments_of_newer_files_silence_rules(tmp_path: Path) -> None:
    path = tmp_path / "server.py"
    path.write_text(SERVER.replace("unlink(path)", "unlink(path)  # localsocket: ignore[LS106] only one"))
    report = review([path])
    assert [one.reason for one in report.silenced] == ["only one"]


def test_newer_python_is_reviewed(tmp_path: Path) -> None:
    path = tmp_path / "server.py"
    path.write_text(SERVER)
    done = run(str(path))
    assert done.output.splitlines()[0] == "Security defects: CWE-367 (1), CWE-78 (1)"
    assert "could not" not in done.output
    older = SERVER.replace("type Path = str\n", "Path = str\n").replace("Server[T]", "Server")
    older = older.replace('options["name"]', "options['name']").replace("OSError, ValueError", "(OSError, ValueError)")
    path.write_text(older)
    assert run(str(path)).output == done.output


# --- two ways, one model ----------------------------------------------------------------------------------------------

PACKAGES = Path(localsocket_review.__file__).parents[3]
LIBRARY = Path(sysconfig.get_path("stdlib"))
SOME = (
    *sorted(CORPUS.rglob("*.py"))[::2],
    *sorted(PACKAGES.glob("*/src/**/*.py"))[::12],
    *sorted(LIBRARY.glob("*.py"))[::60],
)


def models(path: Path, all_strings: bool) -> tuple[Unit, Unit]:
    """Return what `ast` makes of a file, and what the other way does, also with strings that need none."""
    source = path.read_text(encoding="utf-8", errors="replace")
    by_ast = read_python(str(path), source, seconds=60)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(python_reader, "_parse", python_reader._parse_newer)
        if all_strings:
            patch.setattr(python_newer, "_is_newer_string", _is_any_format)
        return by_ast, read_python(str(path), source, seconds=60)


def compared(path: Path, all_strings: bool) -> str:
    by_ast, otherwise = models(path, all_strings)
    if by_ast.unread or by_ast.half_read:
        return ""
    if otherwise.unread or otherwise.half_read:
        return f"{path}: {otherwise.unread or otherwise.half_read}"
    found = first_difference(otherwise, by_ast, places_in_strings=PLACES_IN_STRINGS)
    return f"{path}{found}" if found else ""


@pytest.mark.long
@pytest.mark.parametrize("all_strings", [False, True], ids=["newer strings", "all strings"])
def test_both_ways_lead_to_one_model(all_strings: bool) -> None:
    paths = SOME[all_strings::2]
    assert len(paths) > 40
    assert not list(filter(None, (compared(path, all_strings) for path in paths)))


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("all_strings", [False, True], ids=["newer strings", "all strings"])
def test_both_ways_lead_to_one_model_of_the_whole_library(all_strings: bool) -> None:
    every = (*sorted(PACKAGES.rglob("*.py")), *sorted(LIBRARY.rglob("*.py")))
    wanted = [path for path in every if not {"site-packages", "lib2to3", "data"} & set(path.parts)]
    assert not list(filter(None, (compared(path, all_strings) for path in wanted)))


def _is_any_format(node: python_newer.Node) -> bool:
    return bool({"f", "F"} & set((node.children[0].text or b"").decode().rstrip("'\"")))


# --- what is in no Python ---------------------------------------------------------------------------------------------

FAULTS = {
    "a statement of Python 2": ("import os\nprint 'x'\nos.remove(p)\n", 2),
    "another of them": ("import os\nexec code in names\n", 2),
    "a missing bracket": ("import os\nx = f(1\n\ndef g():\n    pass\n", 2),
    "a sign too many": ("import os\nx = = 1\ny = 2\n", 2),
    "a number of Python 2": ("import os\nos.chmod(p, 0777)\n", 2),
    "a conflict": ("import os\nx = 1\n<<<<<<< ours\ny = 2\n", 3),
    "in a newer file": ("type A = int\nx = = 1\n", 2),
    "in a string": ('type A = int\nx = f"{1 +}"\n', 2),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_with_its_line_and_the_rest_is_read(name: str, tmp_path: Path) -> None:
    source, line = FAULTS[name]
    path = tmp_path / "half.py"
    path.write_text(source)
    done = run(str(path))
    assert (done.output.splitlines()[0], done.status) == ("Nothing was reviewed.", 2)
    assert f"half.py: not valid Python: line {line} could not be parsed (" in done.output


@pytest.mark.long
def test_findings_in_a_file_with_a_fault_are_uncertain(tmp_path: Path) -> None:
    path = tmp_path / "server.py"
    path.write_text(SERVER + "\nprint 'done'\nprint 'again'\n")
    done = run(str(path))
    assert done.status == 2
    assert done.output.splitlines()[0] == "Nothing was reviewed completely."
    assert "LS109 CWE-78" in done.output
    assert done.output.count("Uncertain, and not counted in the verdict.") == 2
    assert "line 19 could not be parsed (print as a statement, as in Python 2), nor 20" in done.output
    assert review([path]).lines == 0


@pytest.mark.parametrize("source", ["def f(:", "\0", "x = " + "(" * 300, "print 'old'", "once upon a time\n"])
def test_a_file_of_which_nothing_is_left_is_unread(source: str) -> None:
    assert read_python("broken.py", source).unread.startswith("not valid Python: line 1")


def test_a_file_that_is_full_of_faults_is_given_up() -> None:
    unit = read_python("prose.py", "x = 1\n" + "once upon a time\n" * 100)
    assert unit.unread.startswith("not valid Python: line 2 could not be parsed")
