"""Which of a C++ file's includes declare nothing that it mentions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePath

from localsocket.review.analysis.inference import Inference
from localsocket.review.apis.headers import pattern_of_header
from localsocket.review.model.place import Place
from localsocket.review.model.program import Program
from localsocket.review.model.unit import Unit


def unused_includes(unit: Unit, program: Program, inference: Inference) -> Iterator[tuple[str, Place]]:
    """Yield the known headers that neither the file needs, nor those that it includes or that include it."""
    words = sum((_words_of(other) for other in _together(unit, program)), Counter[str]())
    for header, place in unit.includes:
        pattern = pattern_of_header(header)
        if pattern is None or any(pattern.fullmatch(word) for word in words):
            continue
        if not _has_expression_of(header.rpartition("/")[2], unit, program, inference):
            yield header, place


def _words_of(unit: Unit) -> Counter[str]:
    """Return the words of a file's code, without those that only name a header."""
    in_includes = Counter(word for header, _ in unit.includes for word in re.findall(r"[A-Za-z_]\w*", header))
    return unit.identifiers - in_includes + unit.masked_macros


def _together(unit: Unit, program: Program) -> Iterator[Unit]:
    """Yield the file, those of the program that it includes, and those that include it: they may rely on it."""
    yield unit
    included = {PurePath(header).name for header, _ in unit.includes}
    name = PurePath(unit.path).name
    for other in program.units:
        is_including = any(PurePath(header).name == name for header, _ in other.includes)
        if other is not unit and (PurePath(other.path).name in included or is_including):
            yield other


def _has_expression_of(type_name: str, unit: Unit, program: Program, inference: Inference) -> bool:
    """Say whether something has the type without its name being mentioned: `auto *next = server.next…()`."""
    return any(
        inference.type_of(expression, function) == type_name
        for function in program.functions
        if function.unit is unit
        for expression in function.expressions()
    )
