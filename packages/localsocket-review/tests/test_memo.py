"""Questions that are answered once: what is kept, what is not, and where they stop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from localsocket_review.analysis.memo import DEEPEST, MOST, Inquiry, memo

Graph = dict[str, list[str]]


class Reached:
    """Which letters can be reached in a graph: a question that meets itself wherever the graph has a loop."""

    def __init__(self, graph: Graph) -> None:
        self.inquiry = Inquiry()
        self.graph = graph
        self.asked: Counter[str] = Counter()

    @memo(at_itself=lambda *_: frozenset())
    def of(self, start: str, also: str = "") -> frozenset[str]:
        self.asked[start] += 1
        return frozenset({start}).union(*(self.of(other) for other in self.graph[start])) | frozenset(also)


class First:
    """The first number that is found on the way, which holds whatever else is open."""

    def __init__(self, graph: dict[str, list[str] | int]) -> None:
        self.inquiry = Inquiry()
        self.graph = graph
        self.asked: Counter[str] = Counter()

    @memo(at_itself=lambda *_: 0, is_sure=bool)
    def of(self, start: str) -> int:
        self.asked[start] += 1
        there = self.graph[start]
        return there if isinstance(there, int) else next(filter(None, map(self.of, there)), 0)


def test_a_question_is_answered_once() -> None:
    reached = Reached({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []})
    assert reached.of("a") == reached.of("a") == frozenset("abcd")
    assert reached.of("d") == frozenset("d")
    assert set(reached.asked.values()) == {1}


def test_what_is_left_out_of_a_question_is_its_default() -> None:
    reached = Reached({"a": []})
    assert reached.of("a") is reached.of("a", "")
    assert reached.of("a", "x") == frozenset("ax")
    assert reached.asked["a"] == 2


def test_each_object_has_answers_of_its_own() -> None:
    assert (Reached({"a": []}).of("a"), Reached({"a": ["b"], "b": []}).of("a")) == (frozenset("a"), frozenset("ab"))


LOOPS: list[Graph] = [
    {"a": ["a"]},
    {"a": ["b"], "b": ["a"]},
    {"a": ["b"], "b": ["c", "d"], "c": ["a"], "d": ["b", "c"]},
    {"a": ["b", "x"], "b": ["c"], "c": ["b", "d"], "d": ["a"], "x": ["c", "x"]},
    {"a": ["b"], "b": ["b", "c"], "c": ["d"], "d": ["c"]},
]


@pytest.mark.parametrize("graph", LOOPS)
def test_an_answer_does_not_depend_on_what_was_asked_before(graph: Graph) -> None:
    alone = {letter: Reached(graph).of(letter) for letter in graph}
    for order in (list(graph), list(reversed(graph))):
        reached = Reached(graph)
        assert {letter: reached.of(letter) for letter in order} == alone


def test_within_one_question_another_is_asked_once_however_many_ways_lead_there() -> None:
    letters = [chr(ord("a") + number) for number in range(12)]
    reached = Reached({letter: [other for other in letters if other != letter] for letter in letters})
    assert reached.of("a") == frozenset(letters)
    assert set(reached.asked.values()) == {1}


def test_a_sure_answer_is_kept_while_others_are_open() -> None:
    first = First({"a": ["b"], "b": ["a", "c"], "c": 7})
    assert [first.of(letter) for letter in "abc"] == [7, 7, 7]
    assert set(first.asked.values()) == {1}


def test_nothing_found_is_kept_only_when_nothing_is_open() -> None:
    first = First({"a": ["b", "c"], "b": ["a"], "c": 7})
    assert first.of("a") == 7
    assert first.of("b") == 7  # inside of a it met a, and found nothing


class Chain:
    """A number made of the one before it, and so on."""

    def __init__(self) -> None:
        self.inquiry = Inquiry()

    @memo(at_itself=lambda *_: 0, too_deep=lambda number: -number)
    def sum_up_to(self, number: int) -> int:
        return number + self.sum_up_to(number - 1) if number else 0


def test_a_question_stops_at_the_deepest() -> None:
    chain = Chain()
    assert chain.sum_up_to(DEEPEST - 1) == sum(range(DEEPEST))
    assert Chain().sum_up_to(5000) == sum(range(5000 - DEEPEST + 1, 5001)) - (5000 - DEEPEST)


def test_what_the_limit_cut_short_is_known_when_it_is_asked_by_itself() -> None:
    chain = Chain()
    assert chain.sum_up_to(DEEPEST + 1) != sum(range(DEEPEST + 2))
    assert chain.sum_up_to(2) == 3
    assert chain.sum_up_to(DEEPEST) == sum(range(DEEPEST + 1))


def test_a_question_leads_to_so_many_others_and_no_more() -> None:
    wide = Reached({"": [str(number) for number in range(MOST + 9)], **{str(number): [] for number in range(MOST + 9)}})
    assert len(wide.of("")) == MOST
    assert wide.of(str(MOST + 5)) == frozenset({str(MOST + 5)})


class Interrupted:
    def __init__(self, fail: Callable[[], None]) -> None:
        self.inquiry = Inquiry()
        self.fail = fail

    @memo(at_itself=lambda *_: "at itself")
    def outer(self) -> str:
        return self.inner() + self.inner()

    @memo(at_itself=lambda *_: "at itself")
    def inner(self) -> str:
        self.fail()
        return "found"


def test_a_question_that_was_interrupted_is_asked_anew() -> None:
    failures = iter([RecursionError, None])

    def fail() -> None:
        if (error := next(failures)) is not None:
            raise error

    asking = Interrupted(fail)
    with pytest.raises(RecursionError):
        asking.outer()
    assert asking.outer() == "foundfound"
