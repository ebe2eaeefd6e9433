"""What a name stands for: a variable and whose it is, or something from outside with its dotted name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from localsocket_review.analysis.cpp_variables import SharedGlobals, Unions
from localsocket_review.model.declarations import ClassInfo, FunctionInfo, FunctionKind
from localsocket_review.model.expressions import (
    Attribute,
    Binary,
    Call,
    Expression,
    Subscript,
    dotted,
    strip_casts,
)
from localsocket_review.model.program import Program, distance, last_word
from localsocket_review.model.unit import Language, Unit

_QT_MODULES = ("PySide2", "PySide6", "PyQt4", "PyQt5", "PyQt6", "qtpy")
# What `six.moves` calls by another name than Python 3.
_NAMES_NOW = {"cPickle": "pickle", "cStringIO": "io.StringIO", "shlex_quote": "shlex.quote", "input": "builtins.input"}


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable by who owns it: a function its locals, a class its members, a module body its globals.

    `path` goes on into what the variable holds: `addr.sun_path`.
    """

    owner: FunctionInfo | ClassInfo
    path: str

    @property
    def root(self) -> Variable:
        return Variable(self.owner, self.path.partition(".")[0])


class Names:
    """Resolves names in a program."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._shared = SharedGlobals(program)
        self._unions = Unions()
        self._cpp_globals: defaultdict[str, list[FunctionInfo]] = defaultdict(list)
        for unit in program.units:
            if unit.language is Language.CPP and unit.body is not None:
                for name in unit.body.local_names():
                    self._cpp_globals[name].append(unit.body)

    def variable(self, expression: Expression, function: FunctionInfo) -> Variable | None:
        """Return the variable that the expression names, or whose part or element it is."""
        expression = strip_casts(expression)
        match expression:
            case Subscript(value=value):
                return self.variable(value, function)
            case Binary(operator="+", left=left) if function.unit.language is Language.CPP:
                return self.variable(left, function)  # a pointer into a buffer
            case Call(function=Attribute(value=value, name="data" | "get" | "c_str" | "constData" | "begin")):
                return self.variable(value, function)
        path = dotted(expression)
        if not path:
            return None
        head, _, rest = path.partition(".")
        if head == "this":
            return self._member(rest, function) if rest else None
        if function.unit.language is Language.CPP:
            head = self._spelled_out(head, function)
            if rest and self._unions.is_union(head, function.unit):
                rest = ""  # whichever member: the same bytes
            path = ".".join(filter(None, (head, rest)))
        return self._named(head, path, rest, function)

    def _spelled_out(self, name: str, function: FunctionInfo) -> str:
        """`#define RECEIVED text`, where `text` is a variable of this function."""
        macro = function.unit.macros.get(name)
        is_name = macro is not None and not macro.has_parameters and macro.value.isidentifier()
        return macro.value if macro is not None and is_name and macro.value in function.local_names() else name

    def _named(self, head: str, path: str, rest: str, function: FunctionInfo) -> Variable | None:
        scope: FunctionInfo | None = function
        while scope is not None:
            is_visible = scope is function or scope.kind is not FunctionKind.CLASS_BODY
            if is_visible and head in scope.local_names():
                if scope.kind is FunctionKind.CLASS_BODY and scope.owner is not None:
                    return self._member_of(scope.owner, path)
                if scope.kind is FunctionKind.MODULE and function.unit.language is Language.CPP:
                    return Variable(self._shared.owner(head, scope), path)
                return Variable(scope, path)
            scope = scope.enclosing
        if function.unit.language is Language.CPP:
            return self._cpp_named(head, path, function)
        return self._python_named(head, path, rest, function)

    def _python_named(self, head: str, path: str, rest: str, function: FunctionInfo) -> Variable | None:
        body = function.unit.body
        if body is not None and head in body.local_names() and self._program.class_named(head, function.unit) is None:
            return Variable(body, path)
        if head == "cls" and function.owner is not None and rest:
            return self._member(rest, function)
        found = self._program.class_named(head, function.unit)
        if found is not None and rest:
            return self._member_of(found, rest)
        return self._imported(self._dotted_import(head, rest, function.unit), function.unit)

    def _dotted_import(self, head: str, rest: str, unit: Unit) -> str:
        target = unit.imports.get(head, "")
        if not target:
            for module in unit.star_imports:
                known = self._program.module_named(module, unit)
                if known is not None and known.body is not None and head in known.body.local_names():
                    target = f"{last_word(module)}.{head}"
        return ".".join(filter(None, (target, rest))) if target else ""

    def _imported(self, path: str, near: Unit) -> Variable | None:
        """Return the variable of another file given: `config.PATH`."""
        words = path.split(".")
        for length in range(len(words) - 1, 0, -1):
            unit = self._program.module_named(words[length - 1], near)
            name = words[length]
            if unit is not None and unit.body is not None and name in unit.body.local_names():
                found = self._program.class_named(name, unit)
                if found is not None:
                    return self._member_of(found, ".".join(words[length + 1 :])) if words[length + 1 :] else None
                return Variable(unit.body, ".".join(words[length:]))
        return None

    def _cpp_named(self, head: str, path: str, function: FunctionInfo) -> Variable | None:
        owner = function.owner
        if owner is not None:
            for found in self._program.lineage(owner):
                if head in found.members:
                    return Variable(found, path)
        words = path.split(".")
        for position, word in enumerate(words):
            known = self._program.class_named(word, function.unit)
            if known is not None and words[position + 1 :] and words[position + 1] in known.members:
                return self._member_of(known, ".".join(words[position + 1 :]))
        body = function.unit.body
        # In C++ a namespace may stand before the name. In C that is an object of which nothing is known.
        for position, word in enumerate(words[:1] if function.unit.path.endswith(".c") else words):
            if body is not None and word in body.local_names():
                return Variable(self._shared.owner(word, body), ".".join(words[position:]))
            if word in self._cpp_globals:
                return Variable(
                    min(self._cpp_globals[word], key=lambda one: distance(one.unit, function.unit)),
                    ".".join(words[position:]),
                )
        if owner is not None and owner.body is None and self._may_be_member(head, owner):
            return Variable(owner, path)  # its header is not among the files given
        return None

    def _may_be_member(self, name: str, owner: ClassInfo) -> bool:
        known = (
            name in owner.methods or name in self._program.functions_by_name or name in self._program.classes_by_name
        )
        return (not known and name[:1].islower()) or name.startswith(("m_", "_"))

    def _member(self, path: str, function: FunctionInfo) -> Variable | None:
        return None if function.owner is None else self._member_of(function.owner, path)

    def _member_of(self, owner: ClassInfo, path: str) -> Variable:
        """Give a member to the base that declares it, so that all that inherit it mean the same one."""
        name = path.partition(".")[0]
        declaring = owner
        for found in self._program.lineage(owner):
            if name in found.members:
                declaring = found
        return Variable(declaring, path)

    def external(self, expression: Expression, function: FunctionInfo) -> str:
        """Return the dotted name of what comes from outside: `socket.socket`, `QLocalServer`, `std.filesystem.remove`.

        Nothing for variables and for what is computed. Import aliases and `using` are resolved.
        """
        path = dotted(strip_casts(expression))
        if not path or path.startswith("this"):
            return ""
        head, _, rest = path.partition(".")
        unit = function.unit
        if self._is_local(head, function):
            return ""
        if unit.language is Language.CPP:
            if self._is_own_member(head, function):
                return ""
            return ".".join(filter(None, (unit.imports.get(head, head), rest)))
        imported = unit.imports.get(head, "")
        if imported:
            return usual_name(".".join(filter(None, (imported, rest))))
        return usual_name(path) if rest else path

    def is_object(self, expression: Expression, function: FunctionInfo) -> bool:
        """Say whether the expression is a value, and no module, namespace or class."""
        if not self.external(expression, function):
            return True
        return function.unit.language is Language.CPP and self.variable(expression, function) is not None

    def external_candidates(self, expression: Expression, function: FunctionInfo) -> Iterator[str]:
        """Yield the dotted names that the expression may have, also those through `import *` and `using namespace`."""
        name = self.external(expression, function)
        if not name:
            return
        yield name
        for module in function.unit.star_imports:
            yield usual_name(f"{module}.{name}")
        if function.unit.language is Language.PYTHON and "." not in name:
            yield f"builtins.{name}"

    def _is_local(self, head: str, function: FunctionInfo) -> bool:
        """Say whether the name is a variable of this file, and so comes from nowhere else."""
        scope: FunctionInfo | None = function
        while scope is not None:
            if head in scope.local_names() and head not in function.unit.imports:
                return scope.kind is not FunctionKind.MODULE or not self._is_defined(head)
            scope = scope.enclosing
        return False

    def _is_own_member(self, name: str, function: FunctionInfo) -> bool:
        owner = function.owner
        return owner is not None and any(name in found.members for found in self._program.lineage(owner))

    def _is_defined(self, name: str) -> bool:
        return name in self._program.functions_by_name or name in self._program.classes_by_name


def usual_name(name: str) -> str:
    """Return `QLocalServer.listen` for `PySide6.QtNetwork.QLocalServer.listen`, `pickle` for `six.moves.cPickle`."""
    words = name.split(".")
    if words[:2] == ["six", "moves"] and len(words) > 2:
        return ".".join([_NAMES_NOW.get(words[2], words[2]), *words[3:]])
    if words[0] in _QT_MODULES or words[0] in ("QtCore", "QtNetwork", "QtWidgets", "QtGui"):
        kept = [word for word in words if word not in _QT_MODULES and not word.startswith("Qt")]
        return ".".join(kept) or name
    return name
