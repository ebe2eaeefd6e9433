"""Questions that an analysis answers once: how it stops at itself, how deep it goes, and which answers are kept."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, cast

# How many questions may be open, one inside the other. Code that people write is answered within 20; a list of data
# that a program wrote, each element made of the one before, goes on for thousands. One question takes up to ten of
# Python's frames, of which there are a thousand: three analyses must fit in, each at its deepest, above the caller.
DEEPEST = 30
# How many questions one question may lead to. The largest answer in the standard library takes some 2,000; helpers that
# call each other in every order have no end that anybody could wait for.
MOST = 5000

_Key = tuple[Any, ...]
_P = ParamSpec("_P")
_V = TypeVar("_V")


class Inquiry:
    """The questions that are open at this time: those of one analysis, or of several that ask each other."""

    __slots__ = ("asked", "depth", "provisional", "relies_on")

    def __init__(self) -> None:
        self.depth = 0
        self.asked = 0  # since the outermost question
        self.relies_on = DEEPEST  # the depth of the outermost open question whose answer was needed
        self.provisional: list[tuple[dict[_Key, Any], _Key]] = []  # where each answer is, of those not kept

    def forget(self, since: int) -> None:
        """Forget the answers that held only as long as a question was open."""
        while len(self.provisional) > since:
            answers, key = self.provisional.pop()
            answers.pop(key, None)


class _Asking(Protocol):
    inquiry: Inquiry


_A = TypeVar("_A", bound=_Asking)


def memo(
    at_itself: Callable[..., Any],
    *,
    too_deep: Callable[..., Any] | None = None,
    is_sure: Callable[[Any], object] | None = None,
) -> Callable[[Callable[Concatenate[_A, _P], _V]], Callable[Concatenate[_A, _P], _V]]:
    """Let a method of an analysis answer each question once. Its arguments, all by position, are the question.

    `at_itself` gives the answer while the question is open, as where a variable is made of itself. `too_deep` gives it
    where the limits are met (by default the same). An answer is kept when it rests on no other that is still open,
    and on no limit; others hold until the questions that they rest on are answered. `is_sure` tells which answers
    are kept whatever else is open, as a type that was found.
    """

    def decorate(work: Callable[Concatenate[_A, _P], _V]) -> Callable[Concatenate[_A, _P], _V]:
        question = _Question[_V](work, at_itself, too_deep or at_itself, is_sure or _never)
        return cast("Callable[Concatenate[_A, _P], _V]", question)

    return decorate


def _never(_: object) -> bool:
    return False


class _Question(Generic[_V]):
    """A method that is asked once: each object of its class gets answers of its own."""

    def __init__(
        self,
        work: Callable[..., _V],
        at_itself: Callable[..., _V],
        too_deep: Callable[..., _V],
        is_sure: Callable[[_V], object],
    ) -> None:
        self.work = work
        self.at_itself = at_itself
        self.too_deep = too_deep
        self.is_sure = is_sure
        self.__doc__ = work.__doc__
        parameters = list(inspect.signature(work).parameters.values())[1:]
        self.defaults = tuple(one.default for one in parameters if one.default is not one.empty)
        self.arity = len(parameters)

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, asking: _Asking | None, owner: type | None = None) -> _Question[_V] | _Answers[_V]:
        if asking is None:
            return self
        # Python finds the object's own attribute first from now on.
        answers = asking.__dict__[self._name] = _Answers(self, asking)
        return answers


class _Answers(Generic[_V]):
    """What one object has answered to one question."""

    __slots__ = ("_asking", "_inquiry", "_kept", "_question", "_tentative")

    def __init__(self, question: _Question[_V], asking: _Asking) -> None:
        self._question = question
        self._asking = asking
        self._inquiry = asking.inquiry
        self._kept: dict[_Key, _V] = {}
        self._tentative: dict[_Key, tuple[_V, int]] = {}  # with the depth of the open question on which each rests

    def __call__(self, *key: Any) -> _V:
        if len(key) < self._question.arity:
            key += self._question.defaults[len(key) - self._question.arity :]
        if key in self._kept:
            return self._kept[key]
        inquiry = self._inquiry
        if key in self._tentative:
            answer, relies_on = self._tentative[key]
            if relies_on < inquiry.relies_on:
                inquiry.relies_on = relies_on
            return answer
        if inquiry.depth == 0:
            inquiry.asked = 0
        if inquiry.depth >= DEEPEST or inquiry.asked >= MOST:
            inquiry.relies_on = 0  # asked by itself it may be known
            return self._question.too_deep(*key)
        return self._work_out(key, inquiry)

    def _work_out(self, key: _Key, inquiry: Inquiry) -> _V:
        question, depth, outside, since = self._question, inquiry.depth, inquiry.relies_on, len(inquiry.provisional)
        inquiry.provisional.append((self._tentative, key))
        self._tentative[key] = (question.at_itself(*key), depth)
        inquiry.depth = depth + 1
        inquiry.relies_on = DEEPEST
        inquiry.asked += 1
        try:
            answer = question.work(self._asking, *key)
        except BaseException:
            inquiry.depth, inquiry.relies_on = depth, outside
            inquiry.forget(since)
            raise
        relies_on = inquiry.relies_on
        inquiry.depth = depth
        inquiry.relies_on = outside
        if relies_on >= depth:  # on nothing that is open outside of this question
            inquiry.forget(since)
            self._kept[key] = answer
        elif question.is_sure(answer):
            self._kept[key] = answer
        else:
            self._tentative[key] = (answer, relies_on)
            inquiry.relies_on = min(outside, relies_on)
        return answer
