"""What runs before what, and under which condition."""

from __future__ import annotations

import pytest

from localsocket_review.analysis.control_flow import ControlFlow
from localsocket_review.model.declarations import FunctionInfo
from samples import call_named, cpp, facts_of, function_named, python


def flow_of(body: str) -> tuple[ControlFlow, FunctionInfo]:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    facts = facts_of(python(f"def f(x, y):\n{lines}"))
    function = function_named(facts, "f")
    return facts.flow(function), function


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a()\nb()", True),
        ("if x:\n    a()\nb()", False),
        ("if x:\n    a()\nelse:\n    return\nb()", True),
        ("while x:\n    a()\nb()", False),
        ("while True:\n    a()\n    if x:\n        break\nb()", True),
        ("for i in a():\n    b()", True),
        ("try:\n    a()\nexcept OSError:\n    b()", True),
        ("try:\n    c()\n    a()\nexcept OSError:\n    pass\nb()", False),
        ("try:\n    x()\nfinally:\n    a()\nb()", True),
        ("with suppress(OSError):\n    c()\n    a()\nb()", False),
        ("with a():\n    b()", True),
        ("x and a()\nb()", True),
        ("b(a())", True),
        ("match x:\n    case 1:\n        a()\n    case _:\n        a2()\nb()", False),
        ("raise a()\nb()", False),
    ],
)
def test_domination_is_over_every_path(body: str, expected: bool) -> None:
    flow, function = flow_of(body)
    assert flow.dominates(call_named(function, "a"), call_named(function, "b")) is expected


def test_what_follows_in_a_loop_may_also_come_before() -> None:
    flow, function = flow_of("while x:\n    a()\n    b()")
    first, second = call_named(function, "a"), call_named(function, "b")
    assert flow.may_follow(first, second)
    assert flow.may_follow(second, first)
    assert flow.is_in_loop(first)


def test_one_side_of_a_branch_never_follows_the_other() -> None:
    flow, function = flow_of("if x:\n    a()\nelse:\n    b()")
    assert not flow.may_follow(call_named(function, "a"), call_named(function, "b"))


@pytest.mark.parametrize(
    ("body", "holds"),
    [
        ("if x:\n    a()", [True]),
        ("if not x:\n    return\na()", [True]),
        ("if x:\n    return\na()", [False]),
        ("if x or y:\n    return\na()", [False, False]),
        ("if x and y:\n    a()", [True, True]),
        ("if x or y:\n    a()", [True]),
        ("x and a()", [True]),
        ("y = a() if x else 0", [True]),
        ("while x:\n    pass\na()", [False]),
        ("if x:\n    pass\na()", []),
        ("assert x\na()", [True]),
    ],
)
def test_guards_are_the_conditions_known_to_hold(body: str, holds: list[bool]) -> None:
    flow, function = flow_of(body)
    assert [guard.holds for guard in flow.guards(call_named(function, "a"))] == holds


def test_a_path_past_the_release_is_found() -> None:
    flow, function = flow_of("a()\nif x:\n    return\nb()")
    assert flow.can_avoid(call_named(function, "a"), [call_named(function, "b")])
    flow, function = flow_of("a()\nb()")
    assert not flow.can_avoid(call_named(function, "a"), [call_named(function, "b")])


def test_goto_leads_to_its_label() -> None:
    function = function_named(
        facts := facts_of(cpp("void f() { if (x) goto out; a(); out: b(); }")),
        "f",
    )
    flow = facts.flow(function)
    assert not flow.dominates(call_named(function, "a"), call_named(function, "b"))
    assert flow.may_follow(call_named(function, "a"), call_named(function, "b"))


@pytest.mark.parametrize(("end", "follows"), [("break;", False), ("", True)])
def test_a_case_without_break_falls_into_the_next(end: str, follows: bool) -> None:
    facts = facts_of(cpp(f"void f(int x) {{ switch (x) {{ case 1: a(); {end} case 2: b(); }} }}"))
    function = function_named(facts, "f")
    flow = facts.flow(function)
    assert flow.may_follow(call_named(function, "a"), call_named(function, "b")) is follows
