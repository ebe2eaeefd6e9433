"""Which functions an event loop runs, and on which thread."""

from __future__ import annotations

import pytest

from localsocket_review.model.unit import Unit
from samples import cpp, facts_of, function_named, python


def label(unit: Unit, name: str = "f") -> str:
    facts = facts_of(unit)
    turn = facts.event_loops.turn_of(function_named(facts, name))
    return "" if turn is None else turn.label


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("async def f():\n    pass\n", "the event loop"),
        ("async def g():\n    f()\n\ndef f():\n    pass\n", "the event loop"),
        ("import asyncio\nasync def g():\n    await asyncio.to_thread(f)\n\ndef f():\n    pass\n", ""),
        (
            "import asyncio\nclass P(asyncio.Protocol):\n    def data_received(self, d):\n        f()\ndef f(): ...\n",
            "the event loop",
        ),
        ("def f():\n    pass\n", ""),
        (
            "class A(QObject):\n    def __init__(self):\n        t.timeout.connect(self.f)\n    def f(self): ...\n",
            "Qt's event loop",
        ),
        ("class A(QThread):\n    def run(self):\n        self.f()\n    def f(self):\n        pass\n", ""),
    ],
)
def test_python(source: str, expected: str) -> None:
    assert label(python(source)) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("class A : public QObject { Q_OBJECT public slots: void f() {} };", "Qt's event loop"),
        ("class A : public QPlainTextEdit { void f() {} };", "the thread of the windows"),
        ("class A : public QThread { void run() { f(); } void f() {} };", ""),
        ("class A : public QObject { void f() {} };", ""),
        (
            "class A : public QObject { Q_OBJECT public slots: void f() {} };"
            "void g(QThread *t) { A *a = new A; a->moveToThread(t); }",
            "",
        ),
    ],
)
def test_qt(source: str, expected: str) -> None:
    assert label(cpp(source)) == expected
