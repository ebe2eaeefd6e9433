"""Type checkers see the signatures of a typed proxy, and of what a service gives back from its decorators."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from localsocket.tools.stub import stub_of
from services.rich_service import make_service

pytest.importorskip("mypy")

PROGRAM = """
    from collections.abc import AsyncIterator, Iterator
    from typing import Protocol

    import localsocket
    from localsocket import aio

    service = localsocket.Service("demo.calc")

    @service.method
    def plain(a: int) -> str:
        return str(a)

    @service.method(idempotent=True)
    def told(a: int) -> str:
        return str(a)

    rain = service.topic("rain", float)
    anything = service.topic("anything", int | None)
    reveal_type(rain)  # Topic[float]
    rain.publish(1)
    rain.publish("heavy")  # [arg-type]
    rain.publish_nowait(None)  # [arg-type]
    anything.publish("heavy")

    class Calc(Protocol):
        def add(self, a: int, b: int = 1) -> int: ...
        def count(self, to: int) -> Iterator[int]: ...

    class AwaitedCalc(Protocol):
        async def add(self, a: int, b: int = 1) -> int: ...
        def count(self, to: int) -> AsyncIterator[int]: ...

    calc = localsocket.Client("demo.calc").typed(Calc)
    within = localsocket.Client("demo.calc").within(1).typed(Calc)
    reveal_type(calc.add(2, b=3))  # "int"
    reveal_type(within.add(2))  # "int"
    reveal_type(calc.count(3))  # "typing.Iterator[int]"
    reveal_type(plain(1))  # "str"
    reveal_type(told(1))  # "str"
    with localsocket.Client("demo.calc") as client, client.subscribe("rain", float) as messages:
        reveal_type(messages)  # Subscription[float]
        reveal_type(messages.receive())  # "float"
        reveal_type(client.subscribe("rain"))  # Subscription[Any]
        reveal_type(client.stream("count"))  # Stream[Any]
    for measured in client.subscribe("rain", float):
        reveal_type(measured)  # "float"
    calc.add("2")  # [arg-type]
    calc.add()  # [call-arg]
    calc.multiply(2, 3)  # [attr-defined]
    plain("1")  # [arg-type]
    told("1")  # [arg-type]

    async def main() -> None:
        calc = aio.Client("demo.calc").typed(AwaitedCalc)
        reveal_type(await calc.add(2))  # "int"
        async for number in calc.count(3):
            reveal_type(number)  # "int"
        await calc.add("2")  # [arg-type]
        await aio.publish(rain, 0.5)
        await aio.publish(rain, "heavy")  # error:
        async with aio.Client("demo.calc") as client, client.subscribe("rain", float) as messages:
            reveal_type(messages)  # Subscription[float]
            reveal_type(await messages.receive())  # "float"
            reveal_type(client.stream("count"))  # Stream[Any]
        async for measured in client.subscribe("rain", float):
            reveal_type(measured)  # "float"
"""

CALLER = """
    import localsocket
    import stub
    from localsocket import aio
    import async_stub

    with localsocket.Client("demo.rich", errors=stub.ERRORS) as client:
        rich = client.typed(stub.DemoRich)
        reveal_type(rich.find("tea"))  # "stub.Item | None"
        rich.buy(stub.Item("tea", 2.5), where=stub.Place("x"), then=stub.Pay(3))
        rich.buy("tea")  # [arg-type]
        reveal_type(rich.deep.sea.measure)  # "def (box: stub.Box_int
        for items in rich.list({"colour": stub.Colour.RED}):
            reveal_type(items)  # "tuple[stub.Item, ...]"
        reveal_type(stub.subscribe_prices(client))  # Subscription[dict[str, float]]
        try:
            rich.find("rice")
        except stub.OutOfStock as error:
            reveal_type(error.item)  # "stub.Item"

    async def main() -> None:
        rich = aio.Client("demo.rich").typed(async_stub.DemoRich)
        reveal_type(await rich.find("tea"))  # "async_stub.Item | None"
        async for items in rich.list({"colour": async_stub.Colour.RED}):
            reveal_type(items)  # "tuple[async_stub.Item, ...]"
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[int, str]]:
    """What mypy says of the program and of stubs, by file and line: it is started once, since that takes long."""
    directory = tmp_path_factory.mktemp("typing")
    told = make_service().describe()
    files = {
        "program.py": textwrap.dedent(PROGRAM),
        "stub.py": stub_of(told),
        "async_stub.py": stub_of(told, is_async=True),
        "caller.py": textwrap.dedent(CALLER),
    }
    for name, text in files.items():
        (directory / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary", *files]
    done = subprocess.run(
        [*command, "--cache-dir", "cache"], capture_output=True, text=True, check=False, cwd=directory
    )
    assert not done.stderr
    found: dict[str, dict[int, str]] = {name: {} for name in files}
    for line in done.stdout.splitlines():
        name, number, text = line.split(":", 2)
        found[name][int(number)] = found[name].get(int(number), "") + text
    return found


@pytest.mark.long
@pytest.mark.parametrize(("name", "program"), [("program.py", PROGRAM), ("caller.py", CALLER)])
def test_mypy_sees_the_signatures(said: dict[str, dict[int, str]], name: str, program: str) -> None:
    lines = textwrap.dedent(program).splitlines()
    expected = {number: line.rpartition("# ")[2] for number, line in enumerate(lines, 1) if "  # " in line}
    assert said[name].keys() == expected.keys()
    for number, what in expected.items():
        assert what.replace("typing.", "") in said[name][number].replace("typing.", "").replace("collections.abc.", "")


@pytest.mark.parametrize("name", ["stub.py", "async_stub.py"])
def test_stubs_are_strictly_typed(said: dict[str, dict[int, str]], name: str) -> None:
    assert said[name] == {}
