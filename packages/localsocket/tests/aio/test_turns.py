"""The loop of an asyncio service is left enough: of connections that wait for their turn, and of threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from localsocket.aio import baton, turns
from localsocket.aio.baton import Baton
from localsocket.aio.turns import Turns
from localsocket.testing import PATIENCE


async def test_what_waits_for_its_turn_comes_in_its_order_and_others_in_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "_ROUND", 0.0)  # which each turn takes longer than
    loop, done = asyncio.get_running_loop(), list[str]()
    waiting = Turns(loop)
    for name in "abc":
        waiting.add(lambda name=name: done.append(name))  # type: ignore[misc]
    while len(done) < 6:
        done.append("others")
        await asyncio.sleep(0)
    assert done[:6] == ["others", "a", "others", "b", "others", "c"]


async def test_one_that_raises_costs_the_others_nothing() -> None:
    def fail() -> None:
        raise OSError("its turn")

    loop, told, done = asyncio.get_running_loop(), list[object](), asyncio.Event()
    loop.set_exception_handler(lambda _, context: told.append(context["exception"]))
    waiting = Turns(loop)
    waiting.add(fail)
    waiting.add(done.set)
    await asyncio.wait_for(done.wait(), PATIENCE)
    assert [str(error) for error in told] == ["its turn"]


def beside(job: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=job)
    thread.start()
    return thread


def test_one_thread_after_the_other_has_the_baton(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baton, "_PATIENCE", PATIENCE)
    passed, order = Baton(), list[str]()

    def follow() -> None:
        holder = passed.take()
        order.append("second")
        passed.give_back(holder)

    holder = passed.take()
    other = beside(follow)
    order.append("first")
    passed.give_back(holder)
    other.join(PATIENCE)
    assert order == ["first", "second"]


def test_who_has_the_baton_for_long_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baton, "_PATIENCE", 0.0)
    passed = Baton()
    late, holder = passed.take(), passed.take()
    monkeypatch.setattr(baton, "_PATIENCE", PATIENCE)
    passed.give_back(holder)
    holder = passed.take()
    passed.give_back(late)  # which takes it from nobody else
    other = beside(lambda: passed.give_back(passed.take()))
    assert other.is_alive()
    passed.give_back(holder)
    other.join(PATIENCE)
    assert not other.is_alive()
