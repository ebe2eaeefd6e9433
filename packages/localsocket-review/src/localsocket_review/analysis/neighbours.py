"""Which files belong together: those that include or import one another, directly or by way of others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePath

from localsocket_review.model.program import Program, distance
from localsocket_review.model.unit import Language, Unit


class Neighbours:
    """The files in groups, between which nothing is shared as far as the text tells."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._by_name: defaultdict[str, list[Unit]] = defaultdict(list)
        for unit in program.units:
            self._by_name[PurePath(unit.path).name].append(unit)
        self._leader: dict[Unit, Unit] = {unit: unit for unit in program.units}
        for unit in program.units:
            for other in self._needed_by(unit):
                self._leader[self.group_of(other)] = self.group_of(unit)
        self._groups: defaultdict[Unit, list[Unit]] = defaultdict(list)
        for unit in program.units:
            self._groups[self.group_of(unit)].append(unit)

    def group_of(self, unit: Unit) -> Unit:
        """Return the file that stands for the group of this one."""
        while self._leader[unit] is not unit:
            self._leader[unit] = self._leader[self._leader[unit]]
            unit = self._leader[unit]
        return unit

    def of(self, unit: Unit) -> list[Unit]:
        """Return the files of the group, this one among them."""
        return self._groups[self.group_of(unit)]

    def _needed_by(self, unit: Unit) -> Iterator[Unit]:
        if unit.language is Language.CPP:
            for header, _ in unit.includes:
                named = self._by_name.get(PurePath(header).name, [])
                yield from sorted(named, key=lambda other: distance(other, unit))[:1]
            return
        sources = {*unit.imports.values(), *unit.star_imports, *(module for module, _ in unit.includes)}
        for name in sources:
            for module in (name, name.rpartition(".")[0]):
                found = self._program.module_named(module, unit) if module else None
                if found is not None and found is not unit:
                    yield found
