"""Questions whether something leads to a place: each is answered once, with the way there, or with None."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, cast

from localsocket_review.analysis.memo import DEEPEST

_Key = tuple[Any, ...]
_P = ParamSpec("_P")
_V = TypeVar("_V")


class Search:
    """The questions of an analysis that are open, and those that are to be asked again.

    Where functions call each other in a circle, so do the questions, and none of them can be answered first. What meets
    an open question goes on with None, and is asked again once that question has found something. When nobody is left
    to ask again, nothing leads from any of the others to what is sought: all of these are answered with None. So each
    is worked out about once, however many circles there are, and the answer depends on no order. Nothing is cut off:
    the analysis sees to it that there are only as many questions as places in the program.
    """

    __slots__ = ("_again", "_is_broken", "_open", "_undecided")

    def __init__(self) -> None:
        self._open: list[_Inquiry[Any]] = []
        self._again: dict[_Inquiry[Any], None] = {}
        self._undecided: list[_Inquiry[Any]] = []
        self._is_broken = False

    def ask(self, inquiry: _Inquiry[_V]) -> _V | None:
        """Work out a question that was not asked before."""
        self._undecided.append(inquiry)
        if self._open and len(self._open) >= DEEPEST:
            self._again[inquiry] = None  # later, when Python's stack is empty again
            return None
        if self._open:
            return self._work_out(inquiry)
        try:
            return self._settle(inquiry)
        finally:
            self._decide()

    def wait_for(self, inquiry: _Inquiry[Any]) -> None:
        """Note that the question that is open now was given no answer to this one yet."""
        if self._open:
            inquiry.asked_by[self._open[-1]] = None

    def _settle(self, inquiry: _Inquiry[_V]) -> _V | None:
        found = self._work_out(inquiry)
        while self._again:
            other = next(iter(self._again))
            del self._again[other]
            if other.is_undecided:
                again = self._work_out(other)
                found = again if other is inquiry else found
        return found

    def _work_out(self, inquiry: _Inquiry[_V]) -> _V | None:
        self._open.append(inquiry)
        try:
            found = inquiry.work_out()
        except BaseException:
            self._is_broken = True
            raise
        finally:
            self._open.pop()
        if found is not None and inquiry.is_undecided:
            inquiry.decide(found)
            self._again.update(inquiry.asked_by)
        return found

    def _decide(self) -> None:
        """Nothing more is found: say so of all that is left, unless the search was cut short."""
        for inquiry in self._undecided:
            if inquiry.is_undecided:
                inquiry.forget() if self._is_broken else inquiry.decide(None)
        self._undecided.clear()
        self._again.clear()
        self._is_broken = False


class _Searching(Protocol):
    search: Search


_A = TypeVar("_A", bound=_Searching)


def searched(
    work: Callable[Concatenate[_A, _P], _V | None],
) -> Callable[Concatenate[_A, _P], _V | None]:
    """Let a method of an analysis answer each question once. Its arguments, all by position, are the question."""
    return cast("Callable[Concatenate[_A, _P], _V | None]", _Question[_V](work))


class _Question(Generic[_V]):
    """A method that searches: each object of its class gets answers of its own."""

    def __init__(self, work: Callable[..., _V | None]) -> None:
        self.work = work
        self.__doc__ = work.__doc__
        self._name = work.__name__

    def __get__(self, asking: _Searching | None, owner: type | None = None) -> _Question[_V] | _Answers[_V]:
        if asking is None:
            return self
        # Python finds the object's own attribute first from now on.
        answers = asking.__dict__[self._name] = _Answers(self.work, asking)
        return answers


class _Answers(Generic[_V]):
    """What one object has answered to one question."""

    __slots__ = ("asking", "decided", "search", "undecided", "work")

    def __init__(self, work: Callable[..., _V | None], asking: _Searching) -> None:
        self.work = work
        self.asking = asking
        self.search = asking.search
        self.decided: dict[_Key, _V | None] = {}
        self.undecided: dict[_Key, _Inquiry[_V]] = {}

    def __call__(self, *key: Any) -> _V | None:
        try:
            return self.decided[key]
        except KeyError:
            pass
        found: _V | None = None
        inquiry = self.undecided.get(key)
        if inquiry is None:
            inquiry = self.undecided[key] = _Inquiry(self, key)
            found = self.search.ask(inquiry)
        if found is None:
            self.search.wait_for(inquiry)
        return found


class _Inquiry(Generic[_V]):
    """One question, for as long as it is not decided."""

    __slots__ = ("_answers", "_key", "asked_by")

    def __init__(self, answers: _Answers[_V], key: _Key) -> None:
        self._answers = answers
        self._key = key
        self.asked_by: dict[_Inquiry[Any], None] = {}  # those that went on without an answer, in their order

    @property
    def is_undecided(self) -> bool:
        return self._key in self._answers.undecided

    def work_out(self) -> _V | None:
        return self._answers.work(self._answers.asking, *self._key)

    def decide(self, found: _V | None) -> None:
        self.forget()
        self._answers.decided[self._key] = found

    def forget(self) -> None:
        del self._answers.undecided[self._key]
