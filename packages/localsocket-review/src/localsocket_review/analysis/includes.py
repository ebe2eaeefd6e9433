"""Which of a C++ file's includes declare nothing that it mentions."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import PurePath

from localsocket_review.analysis.inference import Inference
from localsocket_review.apis.headers import pattern_of_header
from localsocket_review.model.place import Place
from localsocket_review.model.program import Program
from localsocket_review.model.unit import Unit


class Includes:
    """Which files of a program include which, by the last part of their names."""

    def __init__(self, program: Program, inference: Inference) -> None:
        self._inference = inference
        self._named: defaultdict[str, list[Unit]] = defaultdict(list)
        self._including: defaultdict[str, list[Unit]] = defaultdict(list)
        for unit in program.units:
            self._named[_name_of(unit.path)].append(unit)
            for name in _included_by(unit):
                self._including[name].append(unit)

    def unused(self, unit: Unit) -> Iterator[tuple[str, Place]]:
        """Yield the known headers that neither the file needs, nor those that it includes or that include it."""
        words = sum((_words_of(other) for other in self._together(unit)), Counter[str]())
        for header, place in unit.includes:
            pattern = pattern_of_header(header)
            if pattern is None or any(pattern.fullmatch(word) for word in words):
                continue
            if not self._has_expression_of(_name_of(header), unit):
                yield header, place

    def _together(self, unit: Unit) -> set[Unit]:
        """Return the file, those of the program that it includes, and those that include it: they may rely on it."""
        found = {unit}
        waiting = [unit]
        while waiting:  # what an included file includes as well
            included = {other for name in _included_by(waiting.pop()) for other in self._named[name]} - found
            found |= included
            waiting.extend(included)
        return found | set(self._including[_name_of(unit.path)])

    def _has_expression_of(self, type_name: str, unit: Unit) -> bool:
        """Say whether something has the type without its name being mentioned: `auto *next = server.next…()`."""
        return any(
            self._inference.type_of(expression, function) == type_name
            for function in unit.every_function()
            for expression in function.expressions()
        )


def _name_of(path: str) -> str:
    return PurePath(path).name


def _included_by(unit: Unit) -> set[str]:
    return {_name_of(header) for header, _ in unit.includes}


def _words_of(unit: Unit) -> Counter[str]:
    """Return the words of a file's code, without those that only name a header."""
    in_includes = Counter(word for header, _ in unit.includes for word in re.findall(r"[A-Za-z_]\w*", header))
    return unit.identifiers - in_includes + unit.masked_macros
