"""A deterministic scheduler: real threads that step only where a test lets them, in every order up to a stated depth.

A scenario makes objects whose locks, queues and system calls are stand-ins (`stand_ins.py`), and actors: functions
that use them, each in a thread of its own. One actor runs at a time, and only at a step can another one go on.
explore() runs the scenario again and again, first in the plainest order, then in every other one that needs at most so
many preemptions: switches away from an actor that could have gone on, or time-outs that fire although somebody could.
Nearly every race of threads needs two at most.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import CodeType, FrameType
from typing import Any, NamedTuple

import pytest

PREEMPTIONS = 2
MOST_SCHEDULES = 50_000
_MOST_STEPS = 20_000
_MOST_TOLD = 60
_NEVER_SO_LONG = 20.0  # seconds that one actor takes to its next step; only a thread that waits for real takes longer

Check = Callable[[], object]
Scenario = Callable[["Schedule"], Check]


class Stuck(AssertionError):
    """No actor can go on, and not all have ended."""


class NotDeterministic(AssertionError):
    """The scenario took another way although it was led along the same one."""


class _Abandoned(BaseException):
    """Leads an actor out of a schedule that has failed."""


class _Choice(NamedTuple):
    options: int
    taken: int


class _Baton:
    """What one thread waits for and another gives, once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()
        self.wait = self._lock.acquire

    def give(self) -> None:
        if self._lock.locked():
            self._lock.release()


class _Worker:
    """A thread that does one piece of work after another, since to start one for each schedule would take long."""

    def __init__(self) -> None:
        self._work: Callable[[], object] | None = None
        self._wanted = _Baton()
        # Daemonic: one that does not come back is told of by the schedule, and must not hold up pytest.
        self._thread = threading.Thread(target=self._run, name="actor", daemon=True)
        self._thread.start()

    def do(self, work: Callable[[], object] | None) -> None:
        self._work = work
        self._wanted.give()

    def end(self) -> None:
        self.do(None)
        self._thread.join(_NEVER_SO_LONG)

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            if self._work is None:
                return
            self._work()


class _Actor:
    """One thread of a schedule."""

    def __init__(self, name: str, work: Callable[[], object]) -> None:
        self.name = name
        self.work = work
        self.turn = _Baton()
        self.can_go_on: Callable[[], bool] | None = None  # what it waits for; None when it waits for nothing
        self.may_time_out = False
        self.has_timed_out = False
        self.has_ended = False
        self.has_left = _Baton()  # its thread has nothing more to do with the schedule
        self.stand_in: object | None = None


class Schedule:
    """One run of a scenario: who steps when is chosen here, as it was the last time up to the end of `lead`."""

    def __init__(self, lead: list[_Choice], preemptions: int, workers: list[_Worker]) -> None:
        self._lead = lead
        self._idle = list(workers)
        self._workers = workers
        self._preemptions_left = preemptions
        self._actors: list[_Actor] = []
        self._by_thread: dict[int, _Actor] = {}
        self._traced: set[CodeType] = set()
        self._is_over = threading.Event()
        self._is_abandoned = False
        self._last_number = 0
        self._at_end: list[Callable[[], object]] = []
        self.choices: list[_Choice] = []
        self.steps: list[str] = []
        self.error: BaseException | None = None
        self.patch = pytest.MonkeyPatch()

    # --- what a scenario calls ----------------------------------------------------------------------------------------

    def actor(self, name: str, work: Callable[[], object]) -> None:
        """Have `work` done by an actor."""
        self._actors.append(_Actor(name, work))

    def step_within(self, *functions: Callable[..., Any]) -> None:
        """Let actors step before each instruction of these functions too, for what they share without a lock."""
        if sys.version_info >= (3, 12):
            pytest.skip("CPython 3.12 tells a tracer of no instruction when a function is traced for the first time")
        self._traced.update(getattr(function, "__func__", function).__code__ for function in functions)

    def at_end(self, clean_up: Callable[[], object]) -> None:
        """Have this done after the check, however the schedule ends."""
        self._at_end.append(clean_up)

    # --- what stand-ins call, in an actor's thread; in any other it does nothing --------------------------------------

    def step(self, what: str) -> None:
        """Let another actor go on before this one does `what`."""
        if (actor := self._current()) is not None:
            self._note(actor, what)
            self._pass_on(actor)

    def wait(self, what: str, can_go_on: Callable[[], bool], *, may_time_out: bool = False) -> bool:
        """Do not go on before `can_go_on()`; False when the time is over before."""
        if (actor := self._current()) is None:
            return can_go_on()
        self._note(actor, what)
        actor.can_go_on, actor.may_time_out, actor.has_timed_out = can_go_on, may_time_out, False
        self._pass_on(actor)
        actor.can_go_on = None
        return not actor.has_timed_out

    def spawn(self, name: str, work: Callable[[], object], stand_in: object) -> Callable[[], bool]:
        """Add an actor while others run; return what tells whether it has ended."""
        actor = _Actor(f"{name} {len(self._actors)}", work)
        actor.stand_in = stand_in
        self._actors.append(actor)
        self._start(actor)
        return lambda: actor.has_ended

    def next_number(self) -> int:
        """Return how often it was called before, for whatever has to be the same in each run."""
        self._last_number += 1
        return self._last_number

    def current_stand_in(self) -> object | None:
        """Return what the calling actor was spawned as."""
        actor = self._by_thread.get(threading.get_ident())
        return None if actor is None else actor.stand_in

    # --- running ------------------------------------------------------------------------------------------------------

    def run(self, scenario: Scenario) -> None:
        """Run the scenario to its end, and its check."""
        try:
            check = scenario(self)
            for actor in list(self._actors):
                self._start(actor)
            self._pass_on(None)
            while not self._is_over.wait(_NEVER_SO_LONG):
                self._fail(Stuck(f"an actor waits for something that is no stand-in, after: {self.steps[-1:]}"))
            for actor in self._actors:
                actor.has_left.wait(timeout=_NEVER_SO_LONG)
            if self.error is None:
                if len(self.choices) < len(self._lead):
                    raise NotDeterministic(f"there were {len(self._lead)} choices before, now {len(self.choices)}")
                check()
        except BaseException as error:
            self.error = self.error or error
        finally:
            for clean_up in self._at_end:
                clean_up()
            self.patch.undo()
        if self.error is not None:
            raise self.error

    def _start(self, actor: _Actor) -> None:
        if self._idle:
            worker = self._idle.pop()
        else:
            worker = _Worker()
            self._workers.append(worker)
        worker.do(partial(self._act, actor))

    def _act(self, actor: _Actor) -> None:
        actor.turn.wait()
        self._by_thread[threading.get_ident()] = actor
        if self._traced:
            sys.settrace(self._trace)
        try:
            if not self._is_abandoned:
                actor.work()
        except _Abandoned:
            pass
        except BaseException as error:
            self._fail(error)
        finally:
            sys.settrace(None)
            del self._by_thread[threading.get_ident()]
            actor.has_ended = True
        if not self._is_abandoned:
            self._pass_on(actor)
        actor.has_left.give()

    def _current(self) -> _Actor | None:
        if self._is_abandoned:
            return None
        return self._by_thread.get(threading.get_ident())

    def _note(self, actor: _Actor, what: str) -> None:
        self.steps.append(f"{actor.name}: {what}")
        if len(self.steps) > _MOST_STEPS:
            self._fail(AssertionError(f"one schedule takes more than {_MOST_STEPS} steps"))
            raise _Abandoned

    def _pass_on(self, current: _Actor | None) -> None:
        """Give the turn to whoever is to go on, and wait for the next one."""
        chosen = self._choose(current)
        if chosen is current and chosen is not None:
            return
        if chosen is not None:
            chosen.turn.give()
        if current is not None and not current.has_ended:
            current.turn.wait()
            if self._is_abandoned:
                raise _Abandoned

    def _choose(self, current: _Actor | None) -> _Actor | None:
        ready = [each for each in self._actors if _is_ready(each)]
        late = [each for each in self._actors if not each.has_ended and each.may_time_out and not _is_ready(each)]
        if current in ready:
            free, dear = [current], [each for each in ready if each is not current] + late
        else:
            free, dear = (ready, late) if ready else (late, [])
        options: list[_Actor] = [*free, *dear] if self._preemptions_left else list(free)
        if not options:
            if all(each.has_ended for each in self._actors):
                self._is_over.set()
            else:
                waiting = [each.name for each in self._actors if not each.has_ended]
                self._fail(Stuck(f"nobody can go on: {', '.join(waiting)} wait for ever"))
            return None
        taken = 0
        if len(options) > 1:
            if (position := len(self.choices)) < len(self._lead):
                before, taken = self._lead[position]
                if before != len(options):
                    self._fail(NotDeterministic(f"choice {position} had {before} options before, now {len(options)}"))
                    return None
            self.choices.append(_Choice(len(options), taken))
        chosen = options[taken]
        if taken >= len(free):
            self._preemptions_left -= 1
        if not _is_ready(chosen):
            chosen.has_timed_out = True
            self.steps.append(f"{chosen.name}: its time is over")
        chosen.may_time_out = False
        return chosen

    def _fail(self, error: BaseException) -> None:
        """End the schedule: every actor is led out."""
        self.error = self.error or error
        self._is_abandoned = True
        for actor in self._actors:
            actor.turn.give()
        self._is_over.set()

    def _trace(self, frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code not in self._traced:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._trace_instructions

    def _trace_instructions(self, frame: FrameType, event: str, argument: object) -> Any:
        if event == "opcode":
            self.step(f"line {frame.f_lineno} of {frame.f_code.co_qualname}")
        return self._trace_instructions


def explore(scenario: Scenario, *, preemptions: int = PREEMPTIONS, at_most: int = MOST_SCHEDULES) -> int:
    """Run the scenario in every order that needs at most so many preemptions; return how many orders those are.

    What an actor or the check raises is raised here, with the steps that led to it. So is Stuck. AssertionError when
    there are more than `at_most` orders: then let fewer actors do less, or step at fewer places.
    """
    workers: list[_Worker] = []
    try:
        with _in_turns():
            return _explore(scenario, preemptions, at_most, workers)
    finally:
        for worker in workers:
            worker.end()


def _explore(scenario: Scenario, preemptions: int, at_most: int, workers: list[_Worker]) -> int:
    lead: list[_Choice] = []
    for number in range(1, at_most + 1):
        schedule = Schedule(lead, preemptions, workers)
        try:
            schedule.run(scenario)
        except BaseException as error:
            error.add_note(f"in schedule {number}:\n  " + "\n  ".join(schedule.steps[-_MOST_TOLD:]))
            raise
        choices = schedule.choices
        while choices and choices[-1].taken + 1 == choices[-1].options:
            choices.pop()
        if not choices:
            return number
        lead = [*choices[:-1], choices[-1]._replace(taken=choices[-1].taken + 1)]
    raise AssertionError(f"there are more than {at_most} schedules")


@contextmanager
def _in_turns() -> Iterator[None]:
    """One thread runs at a time anyway: switching to another for no reason would only take time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1.0)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _is_ready(actor: _Actor) -> bool:
    return not actor.has_ended and (actor.can_go_on is None or actor.can_go_on())
