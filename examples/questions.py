"""What everybody asks the shop, and what is right as an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PATIENCE = 120.0  # seconds for whatever is asked, on the busiest machine


@dataclass(frozen=True)
class Question:
    """A call, and its answer: a list for a stream, the name of an error for one that fails."""

    method: str
    arguments: dict[str, Any]
    answer: Any

    @property
    def is_stream(self) -> bool:
        return isinstance(self.answer, list)


def questions(calls: int) -> list[Question]:
    """Return a mixture: of ten calls seven sums, a value with a type, an error and a stream."""
    return [_question(number) for number in range(calls)]


def _question(number: int) -> Question:
    match number % 10:
        case 7:
            return Question("take_one", {"name": "tea"}, {"name": "tea", "price": 2.5})
        case 8:
            return Question("take_one", {"name": "gold"}, "NotFound")
        case 9:
            return Question("count", {"to": 3}, [0, 1, 2])
    return Question("add", {"a": number}, number + 1)
