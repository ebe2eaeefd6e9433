"""What a loop or a callback does with a read that gives nothing."""

from __future__ import annotations

import pytest

from localsocket_review.apis.meaning import Act
from localsocket_review.model.unit import Unit
from samples import call_named, cpp, facts_of, function_named, python

PYTHON = "import socket, time\n\ndef f(s: socket.socket, queue, stop):\n"


def goes_on(unit: Unit, read: str = "recv") -> bool:
    facts = facts_of(unit)
    function = function_named(facts, "f")
    return facts.endings.endless(call_named(function, read), function) is not None


@pytest.mark.parametrize(
    "body",
    [
        "while True:\n    use(s.recv(9))",
        "while True:\n    data = s.recv(9)\n    if data is None:\n        break",
        "while not stop.is_set():\n    data = s.recv(9)\n    if data.startswith(b'x'):\n        break",
        "while True:\n    data = s.recv(9)\n    if len(data) < 0:\n        return",
        "while True:\n    for _ in range(3):\n        pass\n    s.recv(9)",
    ],
)
def test_a_loop_that_reads_nothing_for_ever_is_seen(body: str) -> None:
    assert goes_on(python(PYTHON + "    " + body.replace("\n", "\n    ")))


@pytest.mark.parametrize(
    "body",
    [
        "while data := s.recv(9):\n    use(data)",
        "while True:\n    data = s.recv(9)\n    if not data:\n        break",
        "while True:\n    data = s.recv(9)\n    if len(data) == 0:\n        raise EOFError",
        "while True:\n    data = s.recv(9)\n    if data == b'':\n        s.close()",
        "while True:\n    s = accept()\n    s.recv(9)",
        "while time.monotonic() < stop:\n    s.recv(9)",
        "while True:\n    queue.get()\n    s.recv(9)",
        "for one in queue:\n    one.recv(9)",
    ],
)
def test_a_loop_that_leaves_or_waits_for_others_is_none(body: str) -> None:
    assert not goes_on(python(PYTHON + "    " + body.replace("\n", "\n    ")))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("for (;;) { n = recv(fd, b, 9, 0); if (n < 0) return; }", True),
        ("for (;;) { n = recv(fd, b, 9, 0); if (n <= 0) return; }", False),
        ("for (;;) { n = recv(fd, b, 9, 0); if (fwrite(b, 1, n, out) != n) return; }", True),
        ("while (poll(p, 2, -1) > 0) for (i = 0; i < 2; i++) recv(p[i].fd, b, 9, 0);", True),
        ("while (wait(x)) for (i = 0; i < 2; i++) recv(fd, b, 9, 0);", False),
    ],
)
def test_counts_of_c(body: str, expected: bool) -> None:
    unit = cpp(f"void f(int fd, struct pollfd *p) {{ char b[9]; long n; int i; {body} }}")
    assert goes_on(unit) is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("use(s.recv(9))", True),
        ("s.sendall(s.recv(9))", True),
        ("data = s.recv(9)\n    if data:\n        use(data)", False),
        ("use(s.recv(9))\n    s.close()", False),
        ("return s.recv(9)", False),
        ("handle(s.recv(9))", False),
    ],
)
def test_a_callback_that_never_looks_is_unheeding(body: str, expected: bool) -> None:
    facts = facts_of(
        python(f"import socket\n\ndef f(s: socket.socket):\n    {body}\n\ndef handle(data):\n    use(data)\n")
    )
    function = function_named(facts, "f")
    (site,) = facts.calls.sites(Act.ENDS, function)
    assert facts.endings.is_unheeded(site.call, function) is expected


def test_a_helper_may_hand_on_nothing() -> None:
    source = "import socket\n\ndef f(s: socket.socket):\n    data = s.recv(9)\n    {}\n    return data.strip()\n"
    for check, expected in (("pass", True), ("if not data:\n        raise EOFError", False)):
        facts = facts_of(python(source.format(check)))
        function = function_named(facts, "f")
        assert facts.endings.may_give_nothing(call_named(function, "recv"), function) is expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [("if (count == 0) continue;", True), ("if (count == 0) return;", False), ("if (other.size() > 3) return;", True)],
)
def test_what_is_available_after_a_wait_for_nothing_is_nothing(asked: str, expected: bool) -> None:
    body = f"for (;;) {{ s->waitForReadyRead(9); auto count = s->bytesAvailable(); {asked} use(s->read(count)); }}"
    assert goes_on(cpp(f"void f(QLocalSocket *s, QByteArray other) {{ {body} }}"), "waitForReadyRead") is expected
