"""Texts that are put together of others: joined, or filled into a pattern."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Sequence

from localsocket_review.analysis.sites import Trail
from localsocket_review.analysis.texts import MOST_TEXTS, Text, Texts, concatenate, unknown_text
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Expression

_PLACE = re.compile(r"%(?:\([^)]*\))?[-#0 +]*[\d.*]*[lhzjt]*[a-zA-Z]|%\d+|\{[^{}]*\}")


class ComposedTexts:
    """Puts texts together, in every way that their parts allow; `texts` evaluates the parts."""

    def __init__(self, texts: Callable[[Expression, FunctionInfo, Trail], Texts]) -> None:
        self._texts = texts

    def joined(
        self, parts: Sequence[Expression], function: FunctionInfo, trail: Trail, separator: str = ""
    ) -> Iterable[Text]:
        """Yield the parts one after the other: `f"{one}{other}"`, `one / other`."""
        choices = [self._texts(part, function, trail) for part in parts]
        for combination in itertools.product(*choices):
            yield concatenate(combination, separator)

    def filled(
        self, pattern: Expression, values: Sequence[Expression], function: FunctionInfo, trail: Trail
    ) -> Iterable[Text]:
        """Yield the pattern with its places for values filled: `%s`, `{}`, `%1`."""
        for text in self._texts(pattern, function, trail):
            pieces = _PLACE.split(text.literal or "")
            if text.literal is None or len(pieces) == 1:
                yield text
                continue
            filled: list[Texts] = []
            for position, piece in enumerate(pieces):
                filled.append(frozenset({Text((piece,), text.place)}))
                if position < len(pieces) - 1:
                    known = position < len(values)
                    filled.append(self._texts(values[position], function, trail) if known else unknown_text(pattern))
            for combination in itertools.islice(itertools.product(*filled), MOST_TEXTS):
                yield concatenate(combination)
