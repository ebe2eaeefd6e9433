"""Questions whether something leads to a place: each is worked out about once, in circles and on long ways too."""

from __future__ import annotations

from collections import Counter

import pytest

from localsocket_review.analysis.circles import circles
from localsocket_review.analysis.memo import DEEPEST
from localsocket_review.analysis.searching import Search, searched

Graph = dict[str, list[str]]


class Way:
    """The way from a place to the one called "!", in a graph that may lead round."""

    def __init__(self, graph: Graph) -> None:
        self.search = Search()
        self.graph = graph
        self.asked: Counter[str] = Counter()

    @searched
    def of(self, start: str) -> str | None:
        self.asked[start] += 1
        if start == "!":
            return "!"
        ways = (self.of(other) for other in self.graph[start])
        return next((start + way for way in ways if way is not None), None)


NOWHERE: Graph = {"a": ["b"], "b": ["c", "d"], "c": ["a"], "d": ["b", "c", "d"]}
SOMEWHERE: Graph = {"a": ["b"], "b": ["c", "d"], "c": ["a", "b"], "d": ["b", "e"], "e": ["c", "!"], "f": ["f"]}
LATE: Graph = {"a": ["b", "!"], "b": ["c"], "c": ["b", "d"], "d": ["a", "c"]}


@pytest.mark.parametrize("graph", [NOWHERE, SOMEWHERE, LATE], ids=["nowhere", "somewhere", "late"])
def test_what_is_found_depends_on_no_order(graph: Graph) -> None:
    alone = {start: Way(graph).of(start) is not None for start in graph}
    for order in (list(graph), list(reversed(graph))):
        way = Way(graph)
        assert {start: way.of(start) is not None for start in order} == alone


def test_where_nothing_is_found_each_is_asked_once_whatever_is_asked_first() -> None:
    letters = [chr(ord("a") + number) for number in range(20)]
    way = Way({letter: [other for other in letters if other != letter] for letter in letters})
    assert [way.of(letter) for letter in letters] == [None] * 20
    assert set(way.asked.values()) == {1}


def test_who_met_an_open_question_is_asked_again_once_something_is_found() -> None:
    way = Way(LATE)
    assert way.of("a") == "a!"
    assert way.of("d") == "da!"
    assert way.of("b") == "bcda!"
    assert max(way.asked.values()) == 2


def test_a_way_may_be_longer_than_questions_may_lie_in_each_other() -> None:
    names = [chr(0x4E00 + number) for number in range(20 * DEEPEST)]
    graph = {name: [following] for name, following in zip(names, [*names[1:], "!"], strict=True)}
    way = Way(graph)
    assert way.of(names[0]) == "".join(names) + "!"
    assert sum(way.asked.values()) <= 2 * len(names) + 1


class Interrupted(Way):
    failures = 1

    @searched
    def other(self, start: str) -> str | None:
        if self.failures:
            self.failures -= 1
            raise RecursionError
        return None

    @searched
    def start(self) -> str | None:
        return self.of("c") or self.other("a") or self.of("b")


def test_a_search_that_was_interrupted_is_begun_anew() -> None:
    way = Interrupted(LATE)
    way.graph = {"b": ["!"], "c": []}
    with pytest.raises(RecursionError):
        way.start()
    assert way.start() == "b!"


def test_those_that_lead_to_each_other_are_in_one_circle() -> None:
    graph = {1: [2], 2: [3, 5], 3: [1], 4: [3, 4], 5: [6], 6: [7], 7: [5], 8: []}
    found = circles(graph, graph.__getitem__)
    groups = {frozenset(one for one in graph if found[one] == circle) for circle in found.values()}
    assert groups == {frozenset({1, 2, 3}), frozenset({4}), frozenset({5, 6, 7}), frozenset({8})}


@pytest.mark.long
def test_circles_are_found_at_the_end_of_a_long_chain() -> None:
    found = circles(range(5000), lambda node: [node + 1] if node < 4999 else [4998])
    assert found[4998] == found[4999]
    assert len(set(found.values())) == 4999
