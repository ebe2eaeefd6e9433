"""Type checkers see the signatures of a typed proxy, and of what a service gives back from its decorators."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

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
"""


def test_mypy_sees_the_signatures(tmp_path: Path) -> None:
    lines = textwrap.dedent(PROGRAM).splitlines()
    program = tmp_path / "program.py"
    program.write_text("\n".join(lines))
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary", program.name]
    done = subprocess.run(
        [*command, "--cache-dir", str(tmp_path / "cache")], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert not done.stderr
    said: dict[int, str] = {}
    for line in done.stdout.splitlines():
        _, number, text = line.split(":", 2)
        said[int(number)] = said.get(int(number), "") + text
    expected = {number: line.rpartition("# ")[2] for number, line in enumerate(lines, 1) if "  # " in line}
    assert said.keys() == expected.keys()
    for number, what in expected.items():
        assert what.replace("typing.", "") in said[number].replace("typing.", "").replace("collections.abc.", "")
