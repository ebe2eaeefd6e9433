"""All units together: what a name means across the files given."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import takewhile
from pathlib import PurePath
from typing import Generic, Protocol, TypeVar

from localsocket_review.model.declarations import ClassInfo, FunctionInfo, FunctionKind
from localsocket_review.model.expressions import Call
from localsocket_review.model.unit import Language, Unit

_MOST_NAMES = 4  # of one type, each for the one before it: a file of errors may name one by itself


class Program:
    """The units joined: one class for header and source, and functions and classes by their names."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self.units = list(units)
        self.functions: list[FunctionInfo] = [function for unit in units for function in unit.every_function()]
        self.functions_by_name: defaultdict[str, list[FunctionInfo]] = defaultdict(list)
        for function in self.functions:
            self.functions_by_name[function.name].append(function)
        self.classes: list[ClassInfo] = []
        self.classes_by_name: defaultdict[str, list[ClassInfo]] = defaultdict(list)
        self._class_namesakes: defaultdict[tuple[str, Language], _Namesakes[ClassInfo]] = defaultdict(_Namesakes)
        every_class = [found for unit in units for found in unit.classes]
        for found in sorted(every_class, key=lambda found: not _is_declared(found)):
            self._join(found)
        self._type_names = {name: tag for unit in reversed(units) for name, tag in unit.type_names.items()}
        self._bases: dict[ClassInfo, tuple[str, ...]] = {}
        self._lineages: dict[ClassInfo, tuple[ClassInfo, ...]] = {}
        self._named: dict[tuple[str, Unit | None], ClassInfo | None] = {}
        self._free: dict[tuple[str, Unit, bool], list[FunctionInfo]] = {}
        self._folders = {part for unit in units for part in (*unit.folder, unit.module_name)}
        self._modules: defaultdict[str, list[Unit]] = defaultdict(list)
        for unit in units:
            if unit.language is Language.PYTHON:
                self._modules[unit.module_name].append(unit)

    def module_named(self, name: str, near: Unit) -> Unit | None:
        """Return the Python file that an import of this name in the file `near` means, if it is among those given."""
        candidates = sorted(self._modules.get(last_word(name), ()), key=lambda unit: distance(unit, near))
        return candidates[0] if candidates else None

    def imported_module(self, name: str, near: Unit) -> Unit | None:
        """Return the file of a module by all words of its name, and none for a namesake in another package.

        The files may be given from inside of the package: then their paths know fewer words than the name.
        """
        words = tuple(word for word in name.split(".") if word)
        fitting = [unit for unit in self._modules.get(words[-1], ()) if _is_module(unit, words)] if words else []
        packages = [
            unit for unit in self._modules.get("__init__", ()) if words and _is_module(unit, (*words, "__init__"))
        ]
        return min((*fitting, *packages), key=lambda unit: distance(unit, near), default=None)

    def _join(self, found: ClassInfo) -> None:
        """Add a class, or what one more file says of a class that is known."""
        # Declared classes come first, and two of them are never one: only then is nobody to be looked for.
        namesakes = self._class_namesakes[found.name, found.unit.language]
        if found.unit.language is Language.CPP and not _is_declared(found):
            for known in namesakes.near_first(found.unit):
                if _may_be_same(known, found):
                    _merge(known, found)
                    return
        found.methods = {name: _join_overloads([], overloads) for name, overloads in found.methods.items()}
        self.classes.append(found)
        self.classes_by_name[found.name].append(found)
        namesakes.add(found)

    def class_named(self, name: str, near: Unit | None = None) -> ClassInfo | None:
        """Return the class of this name, that of the file `near` first, or none where the files have none."""
        key = (name, near)
        if key not in self._named:
            self._named[key] = self._class_named(name, near)
        return self._named[key]

    def type_named(self, name: str, near: Unit | None) -> str:
        """Return the type of C that a name is another one of, that of the file `near` first; else the name itself."""
        for _ in range(_MOST_NAMES):
            meant = (near.type_names if near is not None else {}).get(name) or self._type_names.get(name)
            if meant is None:
                break
            name = meant
        return name

    def _class_named(self, name: str, near: Unit | None) -> ClassInfo | None:
        word = last_word(name)
        if word not in self.classes_by_name and (near is None or near.language is Language.CPP):
            word = self.type_named(word, near)
        candidates = self.classes_by_name.get(word, [])
        if candidates and near is not None and near.language is Language.PYTHON and self._is_of_library(name, near):
            return None
        if near is not None:
            known = self._class_namesakes.get((word, near.language))
            return None if known is None else next(known.near_first(near), None)
        return candidates[0] if candidates else None

    def free_functions(self, name: str, near: Unit, *, is_pointed_to: bool = False) -> list[FunctionInfo]:
        """Return the functions of this name that belong to no class, of the one file that is nearest.

        By its bare name alone, a file does not reach what is static in another one; through a pointer it may.
        """
        key = (name, near, is_pointed_to)
        if key not in self._free:
            namesakes = self._free_namesakes.get((name, near.language))
            in_order = namesakes.near_first(near) if namesakes is not None else ()
            nearest = next((one for one in in_order if is_pointed_to or _is_seen_from(one, near)), None)
            self._free[key] = [] if namesakes is None or nearest is None else namesakes.of_unit(nearest.unit)
        return self._free[key]

    def free_namesakes(self, name: str, near: Unit) -> Iterator[FunctionInfo]:
        """Yield every function of this name that belongs to no class and that a call in the file may mean."""
        namesakes = self._free_namesakes.get((name, near.language))
        if namesakes is not None:
            yield from (one for one in namesakes.all if _is_seen_from(one, near))

    @cached_property
    def method_names(self) -> frozenset[str]:
        """The bare names of all functions that belong to a class."""
        return frozenset(one.name for one in self.functions if one.owner is not None)

    @cached_property
    def _free_namesakes(self) -> dict[tuple[str, Language], _Namesakes[FunctionInfo]]:
        found: defaultdict[tuple[str, Language], _Namesakes[FunctionInfo]] = defaultdict(_Namesakes)
        for one in self.functions:
            if one.owner is None and one.kind is FunctionKind.FUNCTION:
                found[one.name, one.unit.language].add(one)
        return dict(found)

    def calls_named(self, *names: str) -> Iterator[tuple[Call, FunctionInfo]]:
        """Yield every call of one of these bare names, each with the function where it stands."""
        for name in names:
            yield from self._calls_by_name.get(name, ())

    @cached_property
    def _calls_by_name(self) -> dict[str, list[tuple[Call, FunctionInfo]]]:
        found: defaultdict[str, list[tuple[Call, FunctionInfo]]] = defaultdict(list)
        for function in self.functions:
            for call in function.calls():
                found[call.called_name].append((call, function))
        return dict(found)

    def derived_from(self, found: ClassInfo) -> list[ClassInfo]:
        """Return the classes of the program that inherit from this one, at any distance."""
        return self._derived.get(found, [])

    @cached_property
    def _derived(self) -> dict[ClassInfo, list[ClassInfo]]:
        derived: defaultdict[ClassInfo, list[ClassInfo]] = defaultdict(list)
        for found in self.classes:
            for base in self.lineage(found):
                if base is not found:
                    derived[base].append(found)
        return dict(derived)

    @cached_property
    def functions_by_owner(self) -> dict[ClassInfo, list[FunctionInfo]]:
        """The functions of each class, those inside of its methods among them."""
        found: defaultdict[ClassInfo, list[FunctionInfo]] = defaultdict(list)
        for function in self.functions:
            if function.owner is not None:
                found[function.owner].append(function)
        return dict(found)

    def _is_of_library(self, name: str, near: Unit) -> bool:
        """Say whether a dotted name is one of a library, Python's own or imported, that is not among the files."""
        head, _, rest = name.partition(".")
        if not rest or head in self._folders:
            return False
        return head in sys.stdlib_module_names or any(one.partition(".")[0] == head for one in near.imports.values())

    def bases_of(self, found: ClassInfo) -> Iterable[str]:
        """Return the names of all bases, near ones first; those defined in the files lead on to theirs."""
        if found not in self._bases:
            self._find_lineage(found)
        return self._bases[found]

    def lineage(self, found: ClassInfo) -> Iterable[ClassInfo]:
        """Return the class and those of its bases that the files define."""
        if found not in self._lineages:
            self._find_lineage(found)
        return self._lineages[found]

    def _find_lineage(self, found: ClassInfo) -> None:
        bases: dict[str, None] = {}
        lineage = [found]
        waiting = list(found.bases)
        while waiting:
            base = waiting.pop(0)
            if base in bases:
                continue
            bases[base] = None
            known = self.class_named(base, found.unit)
            if known is not None and known is not found:
                lineage.append(known)
                waiting.extend(known.bases)
        self._bases[found], self._lineages[found] = tuple(bases), tuple(lineage)


class _OfUnit(Protocol):
    unit: Unit


_T = TypeVar("_T", bound=_OfUnit)


class _Namesakes(Generic[_T]):
    """Things of one name, by file and folder: most are asked for the nearest alone, and trees have thousands."""

    def __init__(self) -> None:
        self.all: list[_T] = []
        self._by_unit: defaultdict[Unit, list[_T]] = defaultdict(list)
        self._by_stem: defaultdict[tuple[tuple[str, ...], str], list[_T]] = defaultdict(list)
        self._by_folder: defaultdict[tuple[str, ...], list[_T]] = defaultdict(list)

    def add(self, one: _T) -> None:
        self.all.append(one)
        self._by_unit[one.unit].append(one)
        self._by_stem[one.unit.folder, _stem(one.unit)].append(one)
        self._by_folder[one.unit.folder].append(one)

    def of_unit(self, unit: Unit) -> list[_T]:
        return self._by_unit.get(unit, [])

    def near_first(self, unit: Unit) -> Iterator[_T]:
        """Yield those of the file, of its own header, of its folder, and then of other folders by their distance."""
        stem = _stem(unit)
        yield from self.of_unit(unit)
        yield from (one for one in self._by_stem.get((unit.folder, stem), ()) if one.unit is not unit)
        yield from (one for one in self._by_folder.get(unit.folder, ()) if _stem(one.unit) != stem)
        others = (folder for folder in self._by_folder if folder != unit.folder)
        for folder in sorted(others, key=lambda other: _steps_between(other, unit.folder)):
            yield from self._by_folder[folder]


def _is_seen_from(function: FunctionInfo, unit: Unit) -> bool:
    """Say whether another file may call the function: a static one is seen only where its file is included."""
    if function.unit is unit or not function.is_static or unit.language is not Language.CPP:
        return True
    path = PurePath(function.unit.path)
    is_included = any(PurePath(header).name == path.name for header, _ in unit.includes)
    return is_included or path.suffix.lower().startswith((".h", ".inl", ".ipp"))


def _stem(unit: Unit) -> str:
    return PurePath(unit.path).stem


def distance(one: Unit, other: Unit) -> int:
    """Return how many directories lie between two files; trees that are reviewed together often have namesakes."""
    if one is other:
        return -1
    return _steps_between(one.folder, other.folder)


def _steps_between(here: tuple[str, ...], there: tuple[str, ...]) -> int:
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(here, there, strict=False)))
    return len(here) + len(there) - 2 * common


def last_word(qualified: str) -> str:
    return qualified.replace("::", ".").rpartition(".")[2]


def _is_module(unit: Unit, words: tuple[str, ...]) -> bool:
    """Say whether the file's path ends as the name of the module does, as far as both go."""
    folders = [part for part in unit.folder if part not in ("/", ".", "..")]
    pairs = zip(reversed((*folders, unit.module_name)), reversed(words), strict=False)
    return all(one == other for one, other in pairs)


def _may_be_same(known: ClassInfo, found: ClassInfo) -> bool:
    """Say whether two namesakes are one class: the methods defined outside it come without the namespace's name."""
    long, short = sorted((known.qualified_name, found.qualified_name), key=len, reverse=True)
    one_is_partial = not (_is_declared(known) and _is_declared(found))
    return (long == short or long.endswith(f".{short}")) and one_is_partial


def _is_declared(found: ClassInfo) -> bool:
    return found.body is not None


def _merge(known: ClassInfo, found: ClassInfo) -> None:
    if _is_declared(found) and not _is_declared(known):
        known.place, known.unit, known.body = found.place, found.unit, found.body
        known.is_struct, known.is_template = found.is_struct, found.is_template
        known.qualified_name = found.qualified_name
    known.bases.extend(base for base in found.bases if base not in known.bases)
    known.macros.update(found.macros)
    for name, member in found.members.items():
        declared = known.members.setdefault(name, member)
        declared.default = declared.default or member.default
        declared.type = declared.type or member.type
    for name, overloads in found.methods.items():
        known.methods[name] = _join_overloads(known.methods.get(name, []), overloads)
    for method in known.all_methods():
        _adopt(method, known)


def _join_overloads(known: list[FunctionInfo], found: list[FunctionInfo]) -> list[FunctionInfo]:
    """Let each definition stand for its declaration, whose promises (virtual, slot, static …) it takes over."""
    joined = list(known)
    for method in found:
        partner = next((other for other in joined if _is_definition_of(other, method)), None)
        if partner is None:
            joined.append(method)
            continue
        definition, declaration = (method, partner) if method.body is not None else (partner, method)
        definition.section = definition.section or declaration.section
        definition.declared_at = definition.declared_at or declaration.place
        for promise in ("is_static", "is_virtual", "is_override", "is_explicit"):
            setattr(definition, promise, getattr(definition, promise) or getattr(declaration, promise))
        for mine, theirs in zip(definition.parameters, declaration.parameters, strict=True):
            mine.default = mine.default or theirs.default
        joined[joined.index(partner)] = definition
    return joined


def _is_definition_of(one: FunctionInfo, other: FunctionInfo) -> bool:
    if (one.body is None) == (other.body is None) or len(one.parameters) != len(other.parameters):
        return False
    return all(
        last_word(mine.type.replace(" ", "")) == last_word(theirs.type.replace(" ", ""))
        for mine, theirs in zip(one.parameters, other.parameters, strict=True)
    )


def _adopt(function: FunctionInfo, owner: ClassInfo) -> None:
    function.owner = owner
    for nested in function.nested:
        _adopt(nested, owner)
