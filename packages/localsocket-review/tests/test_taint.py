"""What a peer sent, followed to where it is used, and what stops it."""

from __future__ import annotations

from typing import Any

import pytest

from localsocket_review.analysis.carried_data import Trace
from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.searching import Search
from samples import call_named, cpp, facts_of, python

HEAD = "import socket, struct, shlex, json\nconnection = socket.socket(socket.AF_UNIX)\n"


def trace_of_use(facts: Facts, *, size: bool = False) -> Trace | None:
    (function,) = [one for one in facts.functions() if any(call.called_name == "use" for call in one.calls())]
    argument = call_named(function, "use").arguments[0]
    return facts.taint.received_size(argument, function) if size else facts.taint.received(argument, function)


@pytest.mark.parametrize(
    "source",
    [
        "use(connection.recv(9))",
        "data = connection.recv(9).decode().strip()\nuse(f'x{data}')",
        "data = b''\nwhile x:\n    data += connection.recv(9)\nuse(data)",
        "use(json.loads(connection.recv(9))['name'])",
        "buffer = bytearray(9)\nconnection.recv_into(buffer)\nuse(buffer)",
        "def f(text):\n    use(text)\nf(connection.recv(9))",
        "def f():\n    return connection.recv(9)\nuse(f())",
        "parts = []\nparts.append(connection.recv(9))\nuse(b''.join(parts))",
        "while data := connection.recv(9):\n    use(data)",
        "use([part for part in connection.recv(9).split()])",
    ],
)
def test_received_data_is_followed(source: str) -> None:
    trace = trace_of_use(facts_of(python(HEAD + source)))
    assert trace is not None
    assert trace[0].note == "received here"


@pytest.mark.parametrize(
    "source",
    [
        "use(len(connection.recv(9)))",
        "use(shlex.quote(connection.recv(9).decode()))",
        "use(connection.recv(9) == b'x')",
        "data = connection.recv(9)\ndata = b'known'\nuse(data)",
        "data = connection.recv(9)\nif data in ALLOWED:\n    use(data)",
        "data = connection.recv(9)\nif data != b'x':\n    raise ValueError\nuse(data)",
        "TABLE = {}\nuse(TABLE[connection.recv(9)])",
        "TABLE = {}\nuse(TABLE.get(connection.recv(9)))",
        "use(open('x').read())",
    ],
)
def test_what_is_checked_or_only_about_the_data_is_not(source: str) -> None:
    assert trace_of_use(facts_of(python(HEAD + source))) is None


@pytest.mark.parametrize(
    ("guard", "is_free"),
    [
        ("", True),
        ("if n > 99: raise ValueError", False),
        ("if not n <= 99: raise ValueError", False),
        ("if 99 < n: raise ValueError", False),
        ("assert 0 < n < 99", False),
        ("n = min(n, 99)", False),
        ("n = n % 99", False),
        ("if n < 0: raise ValueError", True),
        ("if n > 99: log(n)", True),
        ("if n == 0: raise ValueError", True),
    ],
)
def test_only_a_bound_from_above_bounds_a_size(guard: str, is_free: bool) -> None:
    source = f"{HEAD}(n,) = struct.unpack('!I', connection.recv(4))\n{guard}\nuse(n)"
    assert (trace_of_use(facts_of(python(source)), size=True) is not None) is is_free


def test_a_stream_over_a_file_is_no_peer() -> None:
    source = "void f() { QFile file(p); QDataStream s(&file); quint32 n; s >> n; use(n); }"
    assert trace_of_use(facts_of(cpp(source)), size=True) is None
    source = "void f(QLocalSocket *p) { QDataStream s(p); quint32 n; s >> n; use(n); }"
    assert trace_of_use(facts_of(cpp(source)), size=True) is not None


def test_a_descriptor_of_a_file_is_no_peer() -> None:
    source = "void f() { char b[9]; int fd = open(p, O_RDONLY); read(fd, b, 9); use(b); }"
    assert trace_of_use(facts_of(cpp(source))) is None
    source = "void f(int fd) { char b[9]; read(fd, b, 9); use(b); }"
    assert trace_of_use(facts_of(cpp(source))) is not None


class CountingSearch(Search):
    asked = 0

    def ask(self, inquiry: Any) -> Any:
        self.asked += 1
        return super().ask(inquiry)


def questions_asked(source: str) -> int:
    """How many questions the way to each `use(size)` takes; nothing is received, so that none is cut short."""
    facts = facts_of(python(HEAD + source))
    facts.taint.search = counting = CountingSearch()
    for function in facts.functions():
        for call in function.calls():
            if call.called_name == "use":
                assert facts.taint.received_size(call.arguments[0], function) is None
    return counting.asked


def walkers(fields: int) -> str:
    """Functions that call each other with a field of what each was given, as those that walk a tree do."""
    names = [f"part_{number}" for number in range(fields)]
    calls = "".join(f"    walk_{name}(node.{name})\n" for name in names)
    return "".join(f"def walk_{name}(node):\n{calls}    use(node.{name})\n" for name in names)


def layers(each: int, deep: int) -> str:
    """Layers of functions, of which each gives back what any of the next layer makes of what it was given."""
    head = "".join(f"def f_{deep}_{number}(value):\n    return {{}}\n" for number in range(each))
    for layer in reversed(range(deep)):
        for number in range(each):
            made = "".join(f"    value += f_{layer + 1}_{other}(value)\n" for other in range(each))
            head += f"def f_{layer}_{number}(value):\n{made}    return value\n"
    return head + "use(f_0_0(1))\n"


@pytest.mark.long
def test_fields_of_fields_in_a_circle_of_calls_are_not_told_apart() -> None:
    # Sixteen times the pairs of functions, and as many questions for each.
    assert questions_asked(walkers(12)) <= 20 * questions_asked(walkers(3))


def test_ways_into_a_function_are_told_apart_only_where_something_is_given() -> None:
    assert questions_asked(layers(each=4, deep=5)) <= 8 * questions_asked(layers(each=2, deep=5))


def test_a_field_that_one_caller_of_a_circle_receives_into_is_followed() -> None:
    source = (
        "def walk(node):\n    walk(node.left)\n    walk(node.right)\n    use(node.size)\n"
        "def start():\n    node = Node()\n    node.size = int(connection.recv(9))\n    walk(node)\n"
    )
    trace = trace_of_use(facts_of(python(HEAD + source)), size=True)
    assert trace is not None
    assert any(step.makes_number for step in trace)
