"""Interrupting a call at its 1st, 2nd, 3rd ... place, as a signal's handler that raises may do.

The interpreter runs handlers between two instructions: where a function begins, a loop goes round, or a function in C
has returned. So a place is before each line, and where such a function has returned and nobody has what it gave yet.

What a loop repeats is tried at two of its rounds: a place that was reached by the same calls for the third time finds
nothing that the second did not.
"""

from __future__ import annotations

import contextlib
import dis
import sys
import threading
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import localsocket

_PACKAGE = str(Path(localsocket.__file__).parent)
_ALSO = {contextlib.__file__, threading.__file__}
_ROUNDS = 2


class Interrupted(BaseException):
    """What the handler raises: no Exception, since nobody is to handle it."""


class Interruption:
    """Raises Interrupted at place number `at` that is run inside its `with` block, in the package, in this thread.

    Or at the next one that was not `tried` in two rounds. With `within_with` not where a `with` statement is left, or a
    `try` statement in it begins, which are lines to a tracer: no handler runs there, and the lock of such a statement
    would stay taken.

    `has_happened` tells whether there was one, `at` which number it had; `place` is where.
    """

    def __init__(self, at: int, tried: Counter[Hashable], *, within_with: bool) -> None:
        self.at = at
        self._tried = tried
        self._number = 0
        self._within_with = within_with
        self.has_happened = False
        self.place = ""

    def __enter__(self) -> None:
        self._outermost: FrameType | None = sys._getframe(1)
        self._before = sys.gettrace()
        sys.settrace(self._trace)
        sys.setprofile(self._profile)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        """Suppress it, as a program does that goes on after Ctrl-C."""
        sys.setprofile(None)
        sys.settrace(self._before)
        self._outermost = None  # which holds this
        return kind is Interrupted

    @property
    def places(self) -> int:
        """How many there were."""
        return self._number

    def _profile(self, frame: FrameType, event: str, function: object) -> None:
        if event == "c_return" and _is_ours(frame) and not self._is_in_finalizer(frame):
            self._strike(frame, f"after {getattr(function, '__qualname__', function)}() at")

    def _trace(self, frame: FrameType, event: str, argument: object) -> Any:
        return self._step if _is_ours(frame) else None

    def _step(self, frame: FrameType, event: str, argument: object) -> Any:
        if event == "line" and not self._is_in_finalizer(frame) and not (self._within_with and _leaves_with(frame)):
            self._strike(frame, "before")
        return self._step

    def _is_in_finalizer(self, frame: FrameType) -> bool:
        # What is raised there Python only prints.
        caller: FrameType | None = frame
        while caller is not self._outermost and caller is not None:
            if caller.f_code.co_name == "__del__":
                return True
            caller = caller.f_back
        return False

    def _strike(self, frame: FrameType, when: str) -> None:
        self._number += 1
        if self._number < self.at or self.has_happened:
            return
        way = when, *_calls_that_led_to(frame)
        self._tried[way] += 1
        if self._tried[way] <= _ROUNDS:
            self.at = self._number
            self.has_happened = True
            name = Path(frame.f_code.co_filename).name
            self.place = f"{when} {name}:{frame.f_lineno} in {frame.f_code.co_qualname}"
            raise Interrupted


def at_every_line(scenario: Callable[[Interruption], object], *, within_with: bool = False, last: int = 0) -> int:
    """Run the scenario again and again, interrupted at a later place each time, until it is not; return how many.

    With `last` at so many of its last places alone, where most of it is tried elsewhere.
    """
    tried: Counter[Hashable] = Counter()
    at = 1
    if last:
        whole = Interruption(sys.maxsize, tried, within_with=within_with)
        _run(scenario, whole)
        at = whole.places - last
    runs = 0
    while True:
        interruption = Interruption(at, tried, within_with=within_with)
        try:
            _run(scenario, interruption)
        except BaseException as error:
            error.add_note(f"interrupted at place {interruption.at}, {interruption.place}")
            raise
        if not interruption.has_happened:
            return runs
        runs, at = runs + 1, interruption.at + 1


def _run(scenario: Callable[[Interruption], object], interruption: Interruption) -> None:
    """Run it in a generator, since what handles an exception may be left in a way that Python does not count on.

    No signal's handler runs before the line of an `except` clause that ends it, where the trace does. What is raised
    there leaves the handled exception in place: it would be the context of all that this thread raises later, in other
    tests too. What a generator handles ends with the generator.
    """

    def generator() -> Iterator[object]:
        yield scenario(interruption)

    for _ in generator():
        pass


def _calls_that_led_to(frame: FrameType) -> Iterator[Hashable]:
    caller: FrameType | None = frame
    while caller is not None and _is_ours(caller):
        yield id(caller.f_code)  # a code object would be compared, and hashed, with all that it holds
        yield caller.f_lasti
        caller = caller.f_back


def _is_ours(frame: FrameType) -> bool:
    name = frame.f_code.co_filename
    return name.startswith(_PACKAGE) or name in _ALSO


def _leaves_with(frame: FrameType) -> bool:
    # It is left by calling __exit__(None, None, None), below what is to be returned, if anything is.
    code = frame.f_code
    if code not in _exits:
        instructions = list(dis.get_instructions(code))
        _exits[code] = set()
        for position, instruction in enumerate(instructions):
            following = instructions[position + (instruction.opname == "SWAP") :][:3]
            is_exit = [(each.opname, each.argval) for each in following] == [("LOAD_CONST", None)] * 3
            if is_exit or instruction.opname == "NOP":
                _exits[code].add(instruction.offset)
    return frame.f_lasti in _exits[code]


_exits: dict[CodeType, set[int]] = {}
