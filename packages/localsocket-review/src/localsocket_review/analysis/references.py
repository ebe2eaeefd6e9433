"""How often each name is used, in the files that belong together and within one function."""

from __future__ import annotations

import re
from collections import Counter

from localsocket_review.analysis.neighbours import Neighbours
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Attribute, Call, Name, walk
from localsocket_review.model.statements import Assign
from localsocket_review.model.unit import Language, Unit

_WORD = re.compile(r"[A-Za-z_]\w*")


class References:
    """Uses of names, without regard to what they name: what nobody mentions is certainly used by nobody.

    Only the files that belong together are asked, since what stands in a file is used by those that can see it.
    """

    def __init__(self, neighbours: Neighbours) -> None:
        self._neighbours = neighbours
        self._groups: dict[Unit, _Group] = {}
        self._words: dict[FunctionInfo, Counter[str]] = {}

    def uses(self, name: str, near: Unit) -> int:
        """Return how often the name occurs in the code, where it is neither declared nor defined."""
        group = self._group(near)
        return group.mentions[name] - group.declared[name]

    def reads(self, name: str, near: Unit) -> int:
        """Return how often the name occurs otherwise than as what is assigned."""
        return self.uses(name, near) - self._group(near).assigned[name]

    def is_value(self, name: str, near: Unit) -> bool:
        """Say whether a function of this name is handed on somewhere, and not only called."""
        return name in self._group(near).values

    def words(self, function: FunctionInfo) -> Counter[str]:
        """Return how often each word stands in the text of a function, its head included."""
        if function not in self._words:
            unit = function.unit
            # A string of Python's may be filled in by names: by format(), by `%`.
            code = unit.code if unit.language is Language.PYTHON else unit.bare_code
            self._words[function] = Counter(
                _WORD.findall(code[unit.span(function.place.line, function.place.end_line)])
            )
        return self._words[function]

    def _group(self, near: Unit) -> _Group:
        leader = self._neighbours.group_of(near)
        if leader not in self._groups:
            self._groups[leader] = _Group(self._neighbours.of(near))
        return self._groups[leader]


class _Group:
    """The counts of files that belong together."""

    def __init__(self, units: list[Unit]) -> None:
        self.mentions: Counter[str] = Counter()
        self.declared: Counter[str] = Counter()
        self.assigned: Counter[str] = Counter()
        self.values: set[str] = set()  # what is named and not called
        for unit in units:
            self.mentions.update(unit.identifiers)
            if unit.language is Language.CPP:
                self.declared.update(unit.declared)
            for macro in unit.macros.values():
                self.values.update(_WORD.findall(macro.value))
            for function in unit.every_function():
                self._read(function)

    def _read(self, function: FunctionInfo) -> None:
        for statement in function.statements():
            match statement:
                case Assign(target=Name(identifier=name) | Attribute(name=name), operator="="):
                    self.assigned[name] += 1
        called = {call.function for call in function.calls()}
        for expression in function.expressions():
            if isinstance(expression, (Name, Attribute)) and expression not in called:
                self.values.add(expression.identifier if isinstance(expression, Name) else expression.name)
        for call in function.calls():
            self.values.update(_named_in(call))


def _named_in(call: Call) -> set[str]:
    """Return what a call names by a text: a slot, for SLOT() and invokeMethod()."""
    texts = {str(getattr(one, "value", "")) for argument in call.arguments for one in walk(argument)}
    return {match[0] for text in texts if (match := _WORD.match(text))}
