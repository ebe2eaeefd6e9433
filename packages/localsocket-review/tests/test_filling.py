"""Functions that receive into what their caller gives them."""

from __future__ import annotations

import pytest

from localsocket_review.model.expressions import dotted, strip_casts
from localsocket_review.model.unit import Unit
from samples import call_named, cpp, facts_of, function_named, python


def filled(unit: Unit) -> list[str]:
    facts = facts_of(unit)
    function = function_named(facts, "f")
    return [dotted(strip_casts(one)) for one in facts.filling.buffers(call_named(function, "take"), function)]


@pytest.mark.parametrize(
    "body",
    [
        "recv(fd, to, 9, 0);",
        "char *at = (char *)to; recv(fd, at, 9, 0);",
        "char *at = to; while (x) { n = recv(fd, at, 9, 0); at += n; }",
        "inner(fd, to);",
    ],
)
def test_the_buffer_is_the_callers(body: str) -> None:
    inner = "int inner(int fd, char *in) { return recv(fd, in, 9, 0); }"
    unit = cpp(
        f"{inner} void take(int fd, void *to) {{ long n; {body} }} void f(int s) {{ int head; take(s, &head); }}"
    )
    assert filled(unit) == ["head"]


@pytest.mark.parametrize("body", ["char own[9]; recv(fd, own, 9, 0);", "memcpy(to, x, 9);", "send(fd, to, 9, 0);"])
def test_what_is_not_received_into_is_not_filled(body: str) -> None:
    assert filled(cpp(f"void take(int fd, void *to) {{ {body} }} void f(int s) {{ int head; take(s, &head); }}")) == []


@pytest.mark.parametrize(("used", "is_received"), [("h->size", False), ("h->room", True), ("h->room[0]", True)])
def test_only_the_field_that_a_helper_received_into_is_the_peers(used: str, is_received: bool) -> None:
    text = f"""
    struct holder {{ char *room; unsigned size; }};
    int take(int fd, struct holder *in) {{ return recv(fd, in->room, 9, 0); }}
    void f(int fd, struct holder *h) {{ take(fd, h); use({used}); }}
    """
    facts = facts_of(cpp(text))
    function = function_named(facts, "f")
    argument = call_named(function, "use").arguments[0]
    assert (facts.taint.received(argument, function) is not None) is is_received


def test_a_view_of_a_buffer_is_the_buffer() -> None:
    source = """
    import socket

    def take(s: socket.socket, to):
        view = memoryview(to)
        s.recv_into(view)

    def f(s: socket.socket):
        body = bytearray(9)
        take(s, body)
    """
    assert filled(python(source)) == ["body"]


def test_a_size_that_a_helper_received_is_the_peers() -> None:
    text = """
    int take(int fd, void *to, size_t n) {{ return recv(fd, to, n, MSG_WAITALL) == n; }}
    struct head {{ uint32_t size; }};
    void f(int fd) {{ struct head h; if (!take(fd, &h, sizeof h)) return; {} use(h.size); }}
    """
    for check, is_bounded in (("", False), ("if (h.size > 99) return;", True)):
        facts = facts_of(cpp(text.format(check)))
        function = function_named(facts, "f")
        trace = facts.taint.received_size(call_named(function, "use").arguments[0], function)
        assert (trace is None) is is_bounded


def test_a_comparison_before_the_number_came_bounds_nothing() -> None:
    text = "void f(QDataStream &in) { quint32 n = 0; if (n == 0) { in >> n; use(n); } }"
    facts = facts_of(cpp(text))
    function = function_named(facts, "f")
    assert facts.taint.received_size(call_named(function, "use").arguments[0], function) is not None


def test_fields_of_fields_in_a_circle_of_calls_come_to_an_end() -> None:
    """Each function gives another one a field of what it was given, so there is a longer way for each round."""
    fields = [f"f{number}" for number in range(8)]
    steps = "\n".join(f"if (x == {at}) step(fd, in->{field});" for at, field in enumerate(fields))
    text = f"""
    int step(int fd, struct node *in) {{ recv(fd, in->room, 9, 0); return turn(fd, in); }}
    int turn(int fd, struct node *in) {{ {steps} return 0; }}
    int take(int fd, struct node *in) {{ return step(fd, in); }}
    void f(int fd, struct node *head) {{ take(fd, head); }}
    """
    unit = cpp(text)
    assert set(filled(unit)) == {"head"}
    facts = facts_of(unit)
    function = function_named(facts, "f")
    told = {field for _, field, _ in facts.filling.by(call_named(function, "take"), function)}
    assert told == {"room", *fields}
