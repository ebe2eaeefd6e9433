"""Directories that keep others away, and umasks."""

from __future__ import annotations

import pytest

from localsocket_review.apis.meaning import Act
from samples import facts_of, function_named, python

HEAD = "import os, socket\n\ndef make(path, mode):\n    os.mkdir(path, mode)\n\ndef f(s: socket.socket):\n"


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("make('/run/a', 0o700)", True),
        ("make('/run/a', 0o755)", False),
        ("os.chmod('/run/a', 0o700)", True),
        ("os.chmod('/etc/a.conf', 0o600)", False),
        ("if x:\n        make('/run/a', 0o700)", False),
        ("pass", False),
    ],
)
def test_a_directory_is_private_before_the_bind(before: str, expected: bool) -> None:
    facts = facts_of(python(f"{HEAD}    {before}\n    s.bind('/run/a/b')\n"))
    function = function_named(facts, "f")
    (bind,) = facts.effects.of(function, Act.BIND)
    assert facts.seclusion.is_secluded(function, bind) is expected


@pytest.mark.parametrize(("mode", "expected"), [("0o700", True), ("0o777", False)])
def test_whoever_calls_may_have_made_it_private(mode: str, expected: bool) -> None:
    source = f"{HEAD}    s.bind('/run/a/b')\n\ndef g(s):\n    make('/run/a', {mode})\n    f(s)\n"
    facts = facts_of(python(source))
    function = function_named(facts, "f")
    (bind,) = facts.effects.of(function, Act.BIND)
    assert facts.seclusion.is_secluded(function, bind) is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("os.umask(0)\n    s.bind('/a')", [0]),
        ("os.umask(0)\n    os.umask(0o77)\n    s.bind('/a')", [0o77]),
        ("s.bind('/a')\n    os.umask(0)", []),
        ("if x:\n        os.umask(0)\n    s.bind('/a')", [0]),
    ],
)
def test_the_last_umask_before_the_bind_counts(body: str, expected: list[int]) -> None:
    facts = facts_of(python(f"{HEAD}    {body}\n"))
    function = function_named(facts, "f")
    (bind,) = facts.effects.of(function, Act.BIND)
    masks = [one.site.argument("mode") for one in facts.seclusion.umask_at(function, bind)]
    assert [number for mask in masks if mask for number in facts.values.numbers(mask, function)] == expected
