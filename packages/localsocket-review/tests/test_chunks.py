"""What one read gave, as long as it is that alone."""

from __future__ import annotations

import pytest

from localsocket_review.analysis.carried_data import Trace
from localsocket_review.model.unit import Unit
from samples import call_named, cpp, facts_of, function_named, python

PYTHON = "import socket\n\ndef f(s: socket.socket, other):\n    "


def chunk_used(unit: Unit) -> tuple[Trace | None, bool]:
    facts = facts_of(unit)
    function = function_named(facts, "f")
    trace = facts.chunks.of(call_named(function, "use").arguments[0], function)
    return trace, trace is not None and facts.chunks.is_sized(trace)


@pytest.mark.parametrize(
    "body",
    [
        "use(s.recv(900))",
        "data = s.recv(900)\n    use(data.decode().strip())",
        "data = s.recv(900)\n    if not data:\n        return\n    use(data)",
        "use(take(s))",
    ],
)
def test_a_piece_is_followed(body: str) -> None:
    assert chunk_used(python(PYTHON + body + "\n\ndef take(s):\n    return s.recv(900)\n"))[0] is not None


@pytest.mark.parametrize(
    "body",
    [
        "data = b''\n    while x:\n        data += s.recv(900)\n    use(data)",
        "data = s.recv(900)\n    if len(data) < 4:\n        return\n    use(data)",
        "use(s.recv(900, socket.MSG_WAITALL))",
        "use(s.recv(1))",
        "use(other)",
    ],
)
def test_what_was_collected_measured_or_waited_for_is_no_piece(body: str) -> None:
    assert chunk_used(python(PYTHON + body + "\n"))[0] is None


def test_a_datagram_is_whole() -> None:
    source = "import socket\n\ndef f(other):\n    s = socket.socket(socket.AF_UNIX, {})\n    use(s.recv(900))\n"
    assert chunk_used(python(source.format("socket.SOCK_STREAM")))[0] is not None
    assert chunk_used(python(source.format("socket.SOCK_DGRAM")))[0] is None


@pytest.mark.parametrize(
    ("size", "expected"),
    [("4", True), ("HEAD.size", True), ("4096", False), ("1 << 16", True)],
)
def test_the_room_there_is_says_nothing_of_what_is_wanted(size: str, expected: bool) -> None:
    assert chunk_used(python(f"{PYTHON}use(s.recv({size}))\n"))[1] is expected


def test_the_size_of_an_array_is_room_and_that_of_an_object_is_what_is_wanted() -> None:
    text = "void f(int fd) {{ {} recv(fd, {}, sizeof b, 0); use(b); }}"
    assert chunk_used(cpp(text.format("char b[64];", "b")))[1] is False
    assert chunk_used(cpp(text.format("struct head b;", "&b")))[1] is True


def test_a_place_inside_of_a_piece_is_the_piece() -> None:
    text = "void f(int fd) { char b[64]; recv(fd, b, sizeof b, 0); char *at = strchr(b, ' '); use(at + 1); }"
    assert chunk_used(cpp(text))[0] is not None


def test_a_single_byte_is_whole() -> None:
    text = "void f(QLocalSocket *s) {{ char b; s->{}; use(b); }}"
    assert chunk_used(cpp(text.format("getChar(&b)")))[0] is None


@pytest.mark.long
def test_a_piece_is_followed_however_many_variables_it_passes() -> None:
    steps = "".join(f"    a{n} = a{n - 1}\n" for n in range(1, 301))
    facts = facts_of(python(f"{PYTHON}a0 = s.recv(9)\n{steps}    use(a300)\n"))
    function = function_named(facts, "f")
    assert facts.chunks.of(call_named(function, "use").arguments[0], function) is not None
