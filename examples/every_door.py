"""One service, served once on one socket, is called by everybody at once: by our protocol, by varlink and by HTTP.

Run it as `python examples/every_door.py`. Who is not installed is left out and named. Exit status: 0 if all answers
were right, 1 if some were not, or somebody failed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from callers import CALLERS, Caller
from localsocket import ServerThread, Service
from questions import questions


class NotFound(Exception):
    """The shop has no such thing."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no {name!r}")
        self.name = name


@dataclass
class Item:
    name: str
    price: float


shop = Service("demo.shop", version="1.0", documentation="Sells tea.", errors=[NotFound])


@shop.method
def add(a: int, b: int = 1) -> int:
    """Add up."""
    return a + b


@shop.method
def take_one(name: str) -> Item:
    """Take something from the shelf."""
    if name != "tea":
        raise NotFound(name)
    return Item(name, 2.5)


@shop.method
def count(to: int) -> Iterator[int]:
    """Count, from nothing."""
    yield from range(to)


@dataclass
class Row:
    """What became of one caller; `left_out` says why it was not there."""

    caller: str
    protocol: str
    calls: int = 0
    errors: int = 0
    seconds: float = 0.0
    left_out: str = ""
    failure: str = ""


def reason_to_leave_out(caller: Caller) -> str:
    if caller.protocol not in shop.protocols:
        return f"{caller.protocol} is not spoken here: pip install 'localsocket[{caller.protocol}]'"
    if caller.needs and shutil.which(caller.needs) is None and find_spec(caller.needs) is None:
        return f"{caller.needs} is not installed"
    return ""


def call(caller: Caller, path: str, calls: int) -> Row:
    """Have one caller ask everything, and count what was not answered as it should be."""
    asked = questions(calls if caller.most is None else min(calls, caller.most))
    row = Row(caller.name, caller.protocol, calls=len(asked))
    begun = time.monotonic()
    try:
        answers = caller.ask(path, asked)
    except Exception as error:  # told in the table, whatever it is; the others go on
        answers, row.failure = [], f"{type(error).__name__}: {error}"
    row.seconds = time.monotonic() - begun
    right = sum(question.answer == answer for question, answer in zip(asked, answers, strict=False))
    row.errors = len(asked) - right
    return row


def call_at_once(calls: int) -> list[Row]:
    """Serve the shop, and have everybody who is there call it at the same time, `calls` times in all."""
    left_out = [Row(each.name, each.protocol, left_out=why) for each in CALLERS if (why := reason_to_leave_out(each))]
    there = [caller for caller in CALLERS if not reason_to_leave_out(caller)]
    share = -(-calls // len(there))
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "shop.sock")
        with ServerThread(path, shop), ThreadPoolExecutor(len(there)) as threads:
            return [*threads.map(lambda caller: call(caller, path, share), there), *left_out]


def show(rows: list[Row]) -> None:
    print(f"{'caller':<24}{'protocol':<13}{'calls':>7}{'errors':>8}{'seconds':>9}")
    for row in rows:
        beginning = f"{row.caller:<24}{row.protocol:<13}"
        print(
            beginning + (row.left_out or f"{row.calls:>7,}{row.errors:>8,}{row.seconds:>9.1f}  {row.failure}".rstrip())
        )
    print(f"{'together':<37}{sum(row.calls for row in rows):>7,}{sum(row.errors for row in rows):>8,}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Call one service by everybody at once.")
    parser.add_argument("--calls", type=int, default=10_000, help="calls in all (default 10,000)")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    chosen = parser.parse_args()
    rows = call_at_once(chosen.calls)
    if chosen.json:
        print(json.dumps([asdict(row) for row in rows]))
    else:
        show(rows)
    return int(any(row.errors for row in rows))


if __name__ == "__main__":
    sys.exit(main())
