"""How often each name is used, over all files given."""

from __future__ import annotations

from collections import Counter

from localsocket.review.model.program import Program


class References:
    """Uses of names, without regard to what they name: what nobody mentions is certainly used by nobody."""

    def __init__(self, program: Program) -> None:
        self._used: Counter[str] = Counter()
        for unit in program.units:
            self._used.update(unit.identifiers)

    def mentions(self, name: str) -> int:
        """Return how often the name occurs in the code, its own definitions and declarations included in C++."""
        return self._used[name]
