"""Which functions call each other in a circle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_N = TypeVar("_N")


def circles(nodes: Iterable[_N], following: Callable[[_N], Iterable[_N]]) -> dict[_N, int]:
    """Return the number of each node's circle: those that lead to each other have the same one.

    This is Tarjan's algorithm, on a stack of our own, since a chain of calls may be longer than Python's.
    """
    found: dict[_N, int] = {}
    order: dict[_N, int] = {}
    lowest: dict[_N, int] = {}
    unfinished: list[_N] = []
    for start in nodes:
        if start in order:
            continue
        way: list[tuple[_N, Iterator[_N]]] = []
        _enter(start, order, lowest, unfinished, way, following)
        while way:
            node, others = way[-1]
            other = next(others, None)
            if other is None:
                way.pop()
                if way:
                    lowest[way[-1][0]] = min(lowest[way[-1][0]], lowest[node])
                if lowest[node] == order[node]:
                    _close(node, order[node], unfinished, found)
            elif other not in order:
                _enter(other, order, lowest, unfinished, way, following)
            elif other not in found:
                lowest[node] = min(lowest[node], order[other])
    return found


def _enter(
    node: _N,
    order: dict[_N, int],
    lowest: dict[_N, int],
    unfinished: list[_N],
    way: list[tuple[_N, Iterator[_N]]],
    following: Callable[[_N], Iterable[_N]],
) -> None:
    order[node] = lowest[node] = len(order)
    unfinished.append(node)
    way.append((node, iter(following(node))))


def _close(head: _N, number: int, unfinished: list[_N], found: dict[_N, int]) -> None:
    while True:
        node = unfinished.pop()
        found[node] = number
        if node is head:
            return
