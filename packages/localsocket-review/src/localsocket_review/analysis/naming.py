"""How things are named: each name by its file and kind, and the style that it shows."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from localsocket_review.analysis.heritage import Heritage
from localsocket_review.analysis.inference import Inference
from localsocket_review.model.declarations import ClassInfo, FunctionInfo, FunctionKind, target_names
from localsocket_review.model.expressions import Call
from localsocket_review.model.place import Place
from localsocket_review.model.program import Program
from localsocket_review.model.statements import Assign, Loop
from localsocket_review.model.unit import Language

_STYLES = {
    "snake_case": re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+"),
    "camelCase": re.compile(r"[a-z][a-z0-9]*(?:[A-Z][a-zA-Z0-9]*)+"),
    "PascalCase": re.compile(r"[A-Z][a-zA-Z0-9]*[a-z][a-zA-Z0-9]*"),
}
_NO_CHOICE = re.compile(r"k[A-Z]\w*|[A-Z][A-Z0-9_]*|__\w+__")  # constants, and what Python names
_NAMED_LIKE_A_SLOT = re.compile(r"on[A-Z_]\w*|slot[A-Z_]\w*|handle[A-Z_]\w*")
_SIGNAL_MAKERS = frozenset({"Signal", "pyqtSignal"})
_NAMED_KINDS = (FunctionKind.FUNCTION, FunctionKind.METHOD)


@dataclass(frozen=True, slots=True)
class Named:
    """A name, where it is introduced, and what it names: `members`, `functions`, `methods` …"""

    name: str
    place: Place
    kind: str


def word_style(name: str) -> str:
    """Return how the words of a name are joined, or nothing where it is one small word or follows no style."""
    bare = re.sub(r"^(?:[msg]_)?_*|_+$", "", name)
    return next((style for style, shape in _STYLES.items() if shape.fullmatch(bare)), "")


def member_mark(name: str) -> str:
    """Return what marks a name as a member's."""
    if name.startswith("m_"):
        return "m_"
    return "_ at the end" if name.endswith("_") else "_ in front" if name.startswith("_") else "no mark"


def is_named_like_a_slot(name: str) -> bool:
    return _NAMED_LIKE_A_SLOT.fullmatch(name) is not None


class Naming:
    """Collects the names that the program chose by itself: not what bases and frameworks dictate."""

    def __init__(self, program: Program, inference: Inference, heritage: Heritage) -> None:
        self._program = program
        self._inference = inference
        self._heritage = heritage

    def by_file_and_kind(self) -> dict[tuple[str, str], list[Named]]:
        found: defaultdict[tuple[str, str], dict[str, Named]] = defaultdict(dict)
        for named in sorted(self._every_name(), key=lambda named: named.place):
            found[named.place.file, named.kind].setdefault(named.name, named)
        return {key: list(names.values()) for key, names in found.items()}

    def _every_name(self) -> Iterator[Named]:
        for owner in self._program.classes:
            yield from self._of_class(owner)
        for unit in self._program.units:
            for function in unit.functions:
                if function.kind is FunctionKind.FUNCTION and not self._heritage.is_given(function):
                    yield Named(function.name, function.place, "functions")
        for function in self._program.functions:
            is_chosen = not self._heritage.is_given(function) and not function.decorators
            if function.unit.language is Language.PYTHON and function.kind in _NAMED_KINDS and is_chosen:
                yield Named(function.name, function.place, "functions")
            yield from self._of_locals(function)

    def _of_class(self, owner: ClassInfo) -> Iterator[Named]:
        is_python = owner.unit.language is Language.PYTHON
        if owner.body is not None:
            yield Named(owner.name, owner.place, "classes")
        for member in owner.members.values():
            if is_python and isinstance(member.default, Call) and member.default.called_name in _SIGNAL_MAKERS:
                yield Named(member.name, member.place, "signals")
            elif not member.is_static and not _NO_CHOICE.fullmatch(member.name) and not self._is_inherited(owner):
                is_marked = is_python or (not owner.is_struct and member.access != "public")
                yield Named(member.name, member.place, "members" if is_marked else "fields")
        for method in owner.all_methods() if not is_python else ():
            place = method.declared_at or method.place
            if method.section == "signals":
                yield Named(method.name, place, "signals")
            elif method.kind is FunctionKind.METHOD and not method.is_virtual and not self._heritage.is_given(method):
                yield Named(method.name, place, "methods")

    def _is_inherited(self, owner: ClassInfo) -> bool:
        """Python finds members where they are assigned, which may be those of a base that nobody sees."""
        return owner.unit.language is Language.PYTHON and self._heritage.has_unknown_base(owner)

    def _of_locals(self, function: FunctionInfo) -> Iterator[Named]:
        if function.kind in (FunctionKind.MODULE, FunctionKind.CLASS_BODY) or function.is_implied:
            return
        is_chosen = not self._heritage.is_given(function)
        for parameter in function.parameters if is_chosen else ():
            if parameter.name:
                yield Named(parameter.name, parameter.place, "variables")
        declares = function.unit.assigning_declares
        for statement in function.statements():
            match statement:
                case Assign(target=target, type=declared) if declares or declared:
                    names = target_names(target)
                case Loop(target=target) if target is not None and declares:
                    names = target_names(target)
                case _:
                    continue
            for name in names:
                if not _NO_CHOICE.fullmatch(name) and name not in function.outer_names:
                    yield Named(name, statement.place, "variables")
