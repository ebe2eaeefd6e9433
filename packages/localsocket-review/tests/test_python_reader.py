"""Python as the model sees it."""

from __future__ import annotations

import pytest

from localsocket_review.model.declarations import FunctionKind
from localsocket_review.model.expressions import Literal, This, walk
from localsocket_review.model.statements import Assign, Branch, Choice, Raise, With
from localsocket_review.reading.python_reader import read_python
from samples import call_named, facts_of, function_named, python


def test_members_are_found_in_the_body_and_in_every_method() -> None:
    facts = facts_of(
        python("""
        class Server(Base[int]):
            limit: int = 5

            def __init__(this, path):
                this.path = path

            def start(self):
                def later():
                    self.started = True
        """)
    )
    (server,) = facts.program.classes
    assert set(server.members) == {"limit", "path", "started"}
    assert server.bases == ["Base"]
    assert [parameter.name for parameter in server.methods["__init__"][0].parameters] == ["path"]


def test_the_object_is_this_whatever_it_is_called() -> None:
    facts = facts_of(python("class A:\n    def f(me):\n        return lambda: me.x\n"))
    (inner,) = [function for function in facts.functions() if function.kind is FunctionKind.LAMBDA]
    (returned,) = inner.statements()
    assert any(isinstance(part, This) for expression in returned.expressions() for part in walk(expression))


def test_a_static_method_has_no_object() -> None:
    facts = facts_of(python("class A:\n    @staticmethod\n    def f(path):\n        return path\n"))
    assert [parameter.name for parameter in function_named(facts, "f").parameters] == ["path"]


def test_each_name_of_a_tuple_gets_its_own_value() -> None:
    function = function_named(facts_of(python("def f():\n    a, b = 1, 2\n")), "f")
    assert [type(statement) for statement in function.statements()] == [Assign, Assign]


def test_what_waits_without_blocking_says_so() -> None:
    function = function_named(facts_of(python("async def f(x):\n    async with x:\n        pass\n")), "f")
    assert function.is_async
    (block,) = function.statements()[:1]
    assert isinstance(block, With)
    assert block.is_async


def test_an_assertion_is_a_branch_that_raises() -> None:
    function = function_named(facts_of(python("def f(x):\n    assert x\n")), "f")
    assert [type(statement) for statement in function.statements()] == [Branch, Raise]


def test_match_is_a_choice() -> None:
    source = "def f(x):\n    match x:\n        case 1 | 2:\n            pass\n        case _:\n            pass\n"
    (choice,) = function_named(facts_of(python(source)), "f").statements()
    assert isinstance(choice, Choice)
    assert [len(case.values) for case in choice.cases] == [2, 0]


def test_imports_tell_what_a_name_stands_for() -> None:
    unit = python("import os.path, socket as s\nfrom asyncio import sleep as nap\nfrom socket import *\n")
    assert unit.imports == {"os": "os", "s": "socket", "nap": "asyncio.sleep"}
    assert unit.star_imports == ["socket"]


@pytest.mark.parametrize("text", ["def f(:", "\0", "x = " + "(" * 300, "print 'old'"])
def test_what_is_no_python_says_so(text: str) -> None:
    unit = read_python("broken.py", text)
    assert unit.unread.startswith("not valid Python")


@pytest.mark.parametrize(
    "head",
    ["@dataclass\nclass Options:", "@dataclass(frozen=True)\nclass Options:", "class Options(NamedTuple):"],
)
def test_a_record_has_the_constructor_that_python_makes(head: str) -> None:
    facts = facts_of(python(f"{head}\n    name: str\n    mode: int = field(default=7)\n    limit: ClassVar[int] = 9\n"))
    (constructor,) = facts.program.classes[0].constructors()
    assert constructor.is_implied
    assert [parameter.name for parameter in constructor.parameters] == ["name", "mode"]
    default = constructor.parameters[1].default
    assert isinstance(default, Literal)
    assert default.value == 7


def test_a_class_that_is_no_record_has_only_the_constructors_that_it_writes() -> None:
    facts = facts_of(
        python("class A:\n    name: str = 'a'\n\n@dataclass\nclass B:\n    n: int\n    def __init__(self): ...\n")
    )
    assert [[one.is_implied for one in found.constructors()] for found in facts.program.classes] == [[], [False]]


@pytest.mark.parametrize(
    ("before", "call"),
    [
        ("options = {'key': 1}", "use(**options)"),
        ("options = dict(key=1)", "use(**options)"),
        ("pass", "use(**{'key': 1})"),
    ],
)
def test_options_that_are_known_stand_in_the_call(before: str, call: str) -> None:
    function = function_named(facts_of(python(f"{before}\n\ndef f():\n    {call}\n")), "f")
    assert list(call_named(function, "use").keywords) == ["key"]


@pytest.mark.parametrize(
    "before", ["options = load()", "options = {'key': 1}\noptions = {'key': 2}", "options = {x: 1}"]
)
def test_options_that_are_not_known_stay_apart(before: str) -> None:
    function = function_named(facts_of(python(f"{before}\n\ndef f():\n    use(**options)\n")), "f")
    assert list(call_named(function, "use").keywords) == ["**"]


def test_a_name_that_an_inner_function_takes_from_outside_stays_with_the_outer_one() -> None:
    source = (
        "def outer():\n    n = 0\n    def inner():\n        nonlocal n\n        n += 1\n    inner()\n    return n\n"
    )
    facts = facts_of(python(source))
    assert "n" in function_named(facts, "outer").local_names()
    assert "n" not in function_named(facts, "inner").local_names()
