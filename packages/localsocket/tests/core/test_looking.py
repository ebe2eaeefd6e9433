"""Looking again before sleeping: where the peer is elsewhere, and less and less often where it is in vain."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from cores import core_named
from localsocket._core import in_python

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="nobody looks anywhere else")

NOWHERE = 4096
"""No processor here has this number, so whoever is there is elsewhere."""


def place(said: int = 0) -> memoryview:
    made = memoryview(bytearray(4))
    say(made, said)
    return made


def say(at: memoryview, said: int) -> None:
    at[:] = said.to_bytes(4, sys.byteorder)


@pytest.fixture
def several_processors() -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("there is one processor for this process")


@pytest.fixture
def on_one_processor() -> Iterator[int]:
    """Where this thread is, and stays."""
    usable = os.sched_getaffinity(0)
    chosen = min(usable)
    os.sched_setaffinity(0, {chosen})
    yield chosen
    os.sched_setaffinity(0, usable)


@pytest.fixture
def lookout() -> Any:
    made = core_named("compiled").Lookout(place())
    made.watch(place(NOWHERE))
    return made


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


@pytest.mark.usefixtures("several_processors")
def test_what_is_there_is_found(lookout: Any, pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"x")
    assert [lookout.look(pipe[0]) for _ in range(10)] == [True] * 10
    assert lookout.looks == 10


@pytest.mark.usefixtures("several_processors")
def test_what_is_not_there_is_not_found(lookout: Any, pipe: tuple[int, int]) -> None:
    assert not lookout.look(pipe[0])
    assert lookout.looks == 1


@pytest.mark.usefixtures("several_processors")
def test_after_n_looks_in_vain_two_to_the_n_waits_are_skipped_and_1024_at_most(
    lookout: Any, pipe: tuple[int, int]
) -> None:
    waits_between, last = [], 0
    for wait in range(6000):
        before = lookout.looks
        lookout.look(pipe[0])
        if lookout.looks > before:
            waits_between.append(wait - last)
            last = wait
    assert waits_between == [0] + [2**n + 1 for n in range(1, 11)] + [1025] * 3


@pytest.mark.usefixtures("several_processors")
def test_a_look_that_finds_something_makes_up_for_one_in_vain(lookout: Any, pipe: tuple[int, int]) -> None:
    def waits_until_it_looks() -> int:
        before, waits = lookout.looks, 0
        while lookout.looks == before:
            lookout.look(pipe[0])
            waits += 1
        return waits

    assert [waits_until_it_looks() for _ in range(3)] == [1, 3, 5]
    os.write(pipe[1], b"x")
    assert waits_until_it_looks() == 9  # what was skipped already stays so
    os.read(pipe[0], 1)
    assert [waits_until_it_looks() for _ in range(2)] == [1, 9]


def test_nobody_looks_for_a_peer_that_says_nothing_or_is_on_the_same_processor(
    lookout: Any, pipe: tuple[int, int], on_one_processor: int
) -> None:
    os.write(pipe[1], b"x")
    for said in (place(0), place(on_one_processor + 1), None):
        lookout.watch(said)
        assert not lookout.look(pipe[0])
        assert not lookout.begin()
    assert not lookout.looks


@pytest.mark.usefixtures("on_one_processor")
def test_a_process_with_one_processor_never_looks(lookout: Any, pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"x")
    assert [lookout.look(pipe[0]) for _ in range(200)] == [False] * 200


def test_who_waits_says_on_which_processor_it_is(on_one_processor: int) -> None:
    mine = place()
    lookout = core_named("compiled").Lookout(mine)
    for note in (lookout.note_processor, lookout.found, lambda: lookout.look(0), lookout.begin):
        say(mine, 0)
        note()
        assert int.from_bytes(mine, sys.byteorder) == on_one_processor + 1


@pytest.mark.usefixtures("several_processors")
def test_who_looks_by_itself_is_told_how_long(lookout: Any) -> None:
    assert not lookout.goes_on()
    assert lookout.begin()
    while lookout.goes_on():  # 50 µs
        pass
    assert [lookout.begin() for _ in range(3)] == [False, False, True]
    lookout.found()
    assert not lookout.goes_on()
    assert lookout.begin()


@pytest.mark.usefixtures("several_processors")
def test_a_peer_that_comes_to_this_processor_is_looked_for_no_more(lookout: Any) -> None:
    theirs = place(NOWHERE)
    lookout.watch(theirs)
    assert lookout.begin()
    say(theirs, 0)
    assert not lookout.goes_on()


@pytest.mark.usefixtures("several_processors")
def test_others_may_let_it_go_while_it_looks(pipe: tuple[int, int]) -> None:
    for _ in range(200):
        lookout = core_named("compiled").Lookout(place())
        lookout.watch(place(NOWHERE))
        other = threading.Thread(target=lookout.let_go)
        other.start()
        lookout.look(pipe[0])
        other.join()
        assert not lookout.look(pipe[0])
        assert not lookout.begin()


def test_a_place_of_another_size_or_that_cannot_be_written_is_refused(pipe: tuple[int, int]) -> None:
    kind = core_named("compiled").Lookout
    with pytest.raises(ValueError, match="four bytes"):
        kind(memoryview(bytearray(8))).note_processor()
    with pytest.raises(BufferError):
        kind(memoryview(bytes(4))).note_processor()
    with pytest.raises(TypeError):
        kind()
    with pytest.raises(TypeError):
        kind(place()).look("here")
    assert not kind(place()).look(-1)


def test_in_python_nobody_looks(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"x")
    lookout = in_python.Lookout(place())
    lookout.watch(place(NOWHERE))
    lookout.note_processor()
    lookout.found()
    assert not lookout.look(pipe[0])
    assert not lookout.begin()
    assert not lookout.goes_on()
    lookout.let_go()
