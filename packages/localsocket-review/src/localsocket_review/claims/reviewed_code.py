"""What the reviewed code holds, as a claim asks for it: by name, by search, by rule."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import PurePath

from localsocket_review.analysis.facts import Facts
from localsocket_review.claims.claim import Answer, Shown, refuted
from localsocket_review.claims.mentions import Mention
from localsocket_review.findings import Category, Finding
from localsocket_review.model.declarations import ClassInfo, FunctionInfo, FunctionKind, target_names
from localsocket_review.model.expressions import Call
from localsocket_review.model.place import Place
from localsocket_review.model.statements import Assign
from localsocket_review.model.unit import Unit
from localsocket_review.rules import all_rules

_UNNAMED = (FunctionKind.LAMBDA, FunctionKind.MODULE, FunctionKind.CLASS_BODY)
_NEAR = 3  # how many similar names are told


NOWHERE = "Nothing in the code is called"  # how the answer begins about a name that is not there


class Sort(StrEnum):
    CLASS = "class"
    FUNCTION = "function"
    MEMBER = "member"
    VARIABLE = "variable"
    PARAMETER = "parameter"
    MACRO = "macro"
    FILE = "file"
    OUTSIDE = "name from outside"  # the code uses it, and another library defines it


HOMES = (Sort.CLASS, Sort.FUNCTION, Sort.FILE)  # what holds other things


@dataclass(frozen=True, slots=True, eq=False)
class Entity:
    """Something that has a name in the code. `owner` is the class, and `function` the function, whose it is."""

    sort: Sort
    name: str
    place: Place
    unit: Unit
    owner: ClassInfo | None = None
    function: FunctionInfo | None = None
    found: ClassInfo | FunctionInfo | None = None

    def __str__(self) -> str:
        owner = f"{self.owner.name}::" if self.owner is not None and self.sort is not Sort.CLASS else ""
        if owner and self.unit.assigning_declares:
            owner = owner.replace("::", ".")
        return f"{owner}{self.name}" + ("()" if self.sort is Sort.FUNCTION else "")


class Code:
    """The program with its facts, its findings and its names."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.program = facts.program
        self._findings: dict[str, list[Finding]] = {}

    # --- findings -------------------------------------------------------------------------------------------------

    def findings(self, *rule_ids: str) -> list[Finding]:
        """Return what these rules find, each asked once."""
        return [finding for rule_id in rule_ids for finding in self._of_rule(rule_id)]

    def _of_rule(self, rule_id: str) -> list[Finding]:
        if rule_id not in self._findings:
            rule = next((rule for rule in all_rules() if rule.id == rule_id), None)
            try:
                self._findings[rule_id] = list(rule.check(self.facts)) if rule is not None else []
            except RecursionError:
                self._findings[rule_id] = []
        return self._findings[rule_id]

    def security_findings(self) -> list[Finding]:
        rules = [rule.id for rule in all_rules() if rule.category is Category.SECURITY]
        return [finding for finding in self.findings(*rules) if finding.is_security_defect]

    # --- names ----------------------------------------------------------------------------------------------------

    @cached_property
    def entities(self) -> dict[str, list[Entity]]:
        """Everything that the files define, by its name."""
        found: dict[str, list[Entity]] = {}
        for entity in (*self._classes(), *self._functions(), *self._variables(), *self._macros()):
            found.setdefault(entity.name, []).append(entity)
        return found

    def _classes(self) -> Iterator[Entity]:
        for one in self.program.classes:
            yield Entity(Sort.CLASS, one.name, one.place, one.unit, one, found=one)
            for member in one.members.values():
                yield Entity(Sort.MEMBER, member.name, member.place, one.unit, one)

    def _functions(self) -> Iterator[Entity]:
        for function in self.functions:
            yield Entity(
                Sort.FUNCTION, function.name, function.place, function.unit, function.owner, function, function
            )

    @cached_property
    def functions(self) -> list[FunctionInfo]:
        """Every function with a name, also those that are only declared."""
        methods = [method for one in self.program.classes for method in one.all_methods()]
        free = [function for unit in self.program.units for function in unit.functions]
        every = dict.fromkeys((*methods, *self.program.functions, *free))
        defined = {(one.qualified_name, len(one.parameters)) for one in every if one.body is not None}
        return [
            one
            for one in every
            if one.kind not in _UNNAMED
            and (one.body is not None or (one.qualified_name, len(one.parameters)) not in defined)
        ]

    def _variables(self) -> Iterator[Entity]:
        for function in self.program.functions:
            for parameter in function.parameters:
                yield Entity(Sort.PARAMETER, parameter.name, parameter.place, function.unit, None, function)
            seen: set[str] = set()
            local = function.local_names()
            for statement in function.statements():
                if not isinstance(statement, Assign) or statement.type == "macro":
                    continue
                for name in target_names(statement.target):
                    if name in local and name not in seen:
                        seen.add(name)
                        yield Entity(Sort.VARIABLE, name, statement.place, function.unit, None, function)

    def _macros(self) -> Iterator[Entity]:
        for unit in self.program.units:
            for macro in unit.macros.values():
                yield Entity(Sort.MACRO, macro.name, macro.place, unit)

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name that the files define."""
        return frozenset(self.entities)

    def of_sort(self, *sorts: Sort) -> list[Entity]:
        return [entity for entities in self.entities.values() for entity in entities if entity.sort in sorts]

    def resolve(self, mention: Mention, scopes: Iterable[Mention] = ()) -> list[Entity]:
        """Return what a mention may name: nothing where the code does not have it, or not where it is said to be."""
        if mention.is_file:
            return list(self._files(mention))
        return self._named(mention, scopes)

    def _files(self, mention: Mention) -> Iterator[Entity]:
        """Yield the files of this name, and the headers that are included and not among the files."""
        for unit in self.program.units:
            if PurePath(unit.path).name == mention.name:
                yield Entity(Sort.FILE, mention.name, Place(unit.path, max(mention.line, 1)), unit)
            for header, place in unit.includes:
                if header.rpartition("/")[2] == mention.name:
                    yield Entity(Sort.OUTSIDE, mention.name, place, unit)

    def _named(self, mention: Mention, scopes: Iterable[Mention]) -> list[Entity]:
        found = self.entities.get(mention.name, [])
        if mention.qualifier and self.program.class_named(mention.qualifier) is not None:
            found = [one for one in found if self.is_inside(one, mention.qualifier)]
        for scope in scopes:
            inside = [one for one in found if self.is_inside(one, scope.name)]
            found = inside or found
        if found:
            return _preferred(found, mention)
        if self._is_said_of_own_class(mention) or self._is_of_absent_module(mention):
            return []
        return list(self._from_outside(mention.name))

    def _is_said_of_own_class(self, mention: Mention) -> bool:
        """Say whether the class it is said to be of is one of the files and inherits nothing from outside."""
        owner = self.program.class_named(mention.qualifier) if mention.qualifier else None
        return owner is not None and not self._has_outer_base(owner)

    def _is_of_absent_module(self, mention: Mention) -> bool:
        """Say whether it is said to be of a module of Python's that no file speaks of: `pickle.loads`."""
        return mention.qualifier in sys.stdlib_module_names and not self.occurrences(mention.qualifier)

    def _has_outer_base(self, found: ClassInfo) -> bool:
        return any(self.program.class_named(base, found.unit) is None for base in self.program.bases_of(found))

    def is_inside(self, entity: Entity, scope: str) -> bool:
        if entity.owner is not None and entity.sort is not Sort.CLASS:
            return any(one.name == scope for one in self.program.lineage(entity.owner))
        if PurePath(entity.place.file).name == scope:
            return True
        function = entity.function
        while function is not None:
            is_other = function is not entity.found
            if (is_other and function.name == scope) or (function.owner is not None and function.owner.name == scope):
                return True
            function = function.enclosing
        return False

    def _from_outside(self, name: str) -> Iterator[Entity]:
        places = self.occurrences(name)
        for unit in self.program.units:
            here = [place for place in places if place.file == unit.path]
            if here:
                yield Entity(Sort.OUTSIDE, name, here[0], unit)

    # --- searching ------------------------------------------------------------------------------------------------

    def occurrences(self, word: str) -> list[Place]:
        """Return every place of a word in the code, outside of comments and texts."""
        pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
        found: list[Place] = []
        for unit in self.program.units:
            if word in unit.source:
                for number, line in enumerate(unit.bare_code.split("\n"), 1):
                    found.extend(
                        Place(unit.path, number, match.start() + 1, number, match.end() + 1)
                        for match in pattern.finditer(line)
                    )
        return found

    def unit_of(self, place: Place) -> Unit | None:
        """Return the file in which a place is, if it is among those given."""
        return next((unit for unit in self.program.units if unit.path == place.file), None)

    def is_in_a_text(self, word: str) -> bool:
        """Say whether the word stands anywhere in the files, be it in a text."""
        return any(word in unit.source for unit in self.program.units)

    def holds(self, entity: Entity, place: Place) -> bool:
        """Say whether the place is in what the entity names: its declaration, its body, its methods, its uses."""
        if entity.sort is Sort.FILE:
            return place.file == entity.unit.path
        declared_at = entity.found.declared_at if isinstance(entity.found, FunctionInfo) else None
        if _spans(entity.place, place) or (declared_at is not None and _spans(declared_at, place)):
            return True
        if entity.sort is Sort.CLASS and entity.owner is not None:
            return any(_spans(method.place, place) for method in entity.owner.all_methods())
        if isinstance(entity.found, FunctionInfo):
            return False
        return any((place.file, place.line) == (one.file, one.line) for one in self.occurrences(entity.name))

    def concerns(self, finding: Finding, entities: Iterable[Entity]) -> bool:
        """Say whether a finding is in the classes, functions and files among the entities, or in any, if none is."""
        homes = [one for one in entities if one.sort in HOMES] or list(entities)
        places = [finding.place, *(one.place for one in finding.evidence)]
        return not homes or any(self.holds(entity, place) for entity in homes for place in places)

    def calls_of(self, name: str) -> list[tuple[Call, FunctionInfo]]:
        """Return every call of a function or method of this name, with the function where it stands."""
        return [
            (call, function)
            for function in self.program.functions
            for call in function.calls()
            if call.called_name == name
        ]

    def nearest(self, name: str) -> list[str]:
        return difflib.get_close_matches(name, sorted(self.names), _NEAR, 0.6)

    @property
    def extent(self) -> str:
        """What was searched, in words."""
        return ", ".join(
            (
                _counted(len(self.program.units), "file"),
                _counted(len(self.program.classes), "class"),
                _counted(len(self.functions), "function"),
            )
        )

    def not_there(self, mention: Mention) -> Answer:
        """Refute what is said of something that the code does not have."""
        what = mention.text
        owner = self.program.class_named(mention.qualifier) if mention.qualifier else None
        elsewhere = [one for one in self.entities.get(mention.name, []) if owner is not None]
        if owner is not None and elsewhere:
            places: list[Shown] = [(owner.place, f"{owner.name} has none")]
            places += [(one.place, f"this is {one}") for one in elsewhere[:_NEAR]]
            return refuted(f"{owner.name} has no {mention.name}; searched: {self.extent}.", *places)
        near = self.nearest(mention.name)
        names = f" The nearest names are {', '.join(near)}." if near else " No name is near to it."
        shown: list[Shown] = [(owner.place, f"{owner.name} has none")] if owner is not None else []
        shown += [(self.entities[name][0].place, f"{name} is here") for name in near]
        return refuted(f"{NOWHERE} {what}; searched: {self.extent}.{names}", *shown)


def _preferred(found: list[Entity], mention: Mention) -> list[Entity]:
    """Keep what fits how the name is spoken of: with parentheses a function, called a member a member."""
    wanted = {
        "class": {Sort.CLASS},
        "struct": {Sort.CLASS},
        "function": {Sort.FUNCTION},
        "method": {Sort.FUNCTION},
        "slot": {Sort.FUNCTION},
        "signal": {Sort.FUNCTION},
        "test": {Sort.FUNCTION},
        "member": {Sort.MEMBER},
        "field": {Sort.MEMBER},
        "attribute": {Sort.MEMBER},
        "variable": {Sort.VARIABLE, Sort.MEMBER, Sort.PARAMETER},
        "parameter": {Sort.PARAMETER},
        "argument": {Sort.PARAMETER},
        "macro": {Sort.MACRO},
    }.get(mention.cue, set())
    if mention.arguments is not None:
        wanted = {Sort.FUNCTION}
    fitting = [one for one in found if one.sort in wanted]
    named = [one for one in found if one.sort in (Sort.CLASS, Sort.FUNCTION, Sort.MEMBER, Sort.MACRO)]
    kept = fitting or found
    classes = [one for one in kept if one.sort is Sort.CLASS]
    if classes and mention.arguments is None and not fitting:
        return classes  # and not its constructors
    return kept if fitting or not named else [one for one in kept if one in named] or kept


def _spans(whole: Place, part: Place) -> bool:
    return whole.file == part.file and whole.line <= part.line <= whole.end_line


def _counted(number: int, word: str) -> str:
    plural = f"{word}es" if word.endswith("s") else f"{word}s"
    return f"{number} {word if number == 1 else plural}"
