"""What a call means by the tables, and which function of the program it runs; and of which type things are for that."""

from __future__ import annotations

import re
from collections.abc import Collection

from localsocket_review.analysis.inference import Callers, Inference
from localsocket_review.analysis.memo import Inquiry, memo
from localsocket_review.analysis.names import Names
from localsocket_review.analysis.sites import Site, argument_of, is_super
from localsocket_review.apis.meaning import Act, Api
from localsocket_review.apis.tables import Tables
from localsocket_review.model.declarations import ClassInfo, FunctionInfo, FunctionKind
from localsocket_review.model.expressions import (
    Attribute,
    Call,
    Expression,
    Lambda,
    Literal,
    Name,
    This,
    Unary,
    dotted,
    strip_casts,
)
from localsocket_review.model.program import Program, last_word
from localsocket_review.model.statements import Return, With
from localsocket_review.model.unit import Language, Macro, Unit

# What the methods that are told by their bare name may be given by keyword, pyzmq's among them.
_KEYWORDS_OF_SOCKETS = frozenset(
    {
        "flags",
        "copy",
        "track",
        "timeout",
        "size",
        "n",
        "nbytes",
        "bufsize",
        "limit",
        "backlog",
        "max_bytes",
        "maxlength",
    }
)
_CALLED_FIRST = re.compile(r"\s*(\w+)\s*\(")
_MOST_IMPORTS = 6  # a name is imported from where it was imported, and so on


class Resolution:
    """Resolves the calls of a program. Calls are known by types, and types by calls: so each asks the other."""

    def __init__(self, program: Program, names: Names, tables: Tables, callers: Callers | None) -> None:
        """Know the types of parameters by the `callers`, where these are given."""
        self._program = program
        self._names = names
        self.tables = tables
        self.inquiry = Inquiry()
        self.inference = Inference(program, names, tables, self, callers)
        known = tables.calls[Language.CPP]
        self._renamed = {
            macro.name: name
            for unit in program.units
            for macro in unit.macros.values()
            if (name := _renamed_by(macro)) in known and macro.name not in known
        }

    # --- what a call means ----------------------------------------------------------------------------------------

    @memo(at_itself=lambda *_: None, is_sure=bool)
    def api_of(self, call: Call, function: FunctionInfo) -> Api | None:
        """Return the call's meaning, or None for what no table knows and for functions of the program itself."""
        return self._find_api(call, function)

    def site(self, call: Call, function: FunctionInfo) -> Site | None:
        api = self.api_of(call, function)
        return None if api is None else Site(call, api, function)

    def _find_api(self, call: Call, function: FunctionInfo) -> Api | None:
        table = self.tables.calls[function.unit.language]
        if isinstance(call.function, Name) and function.owner is not None and function.unit.language is Language.CPP:
            own = self._of_own_class(call.called_name, function.owner, table)
            fits = any(takes(method, call) for method in self._own_methods(call.called_name, function))
            if own is not None or fits:
                return own
        for candidate in self._names.external_candidates(call.function, function):
            name = self._renamed.get(candidate, candidate) if function.unit.language is Language.CPP else candidate
            if call.template.endswith("[]") and f"{name}[]" in table:
                return table[f"{name}[]"]  # std::make_unique<char[]>(size)
            if name in table and not self._is_shadowed(name, call, function) and _has_its_shape(call, table[name]):
                return table[name] if self._has_its_descriptor(call, table[name], function) else None
            inherited = self._inherited(name, function, table)
            if inherited is not None:
                return inherited
        return self._of_method(call, function, table)

    def _has_its_descriptor(self, call: Call, api: Api, function: FunctionInfo) -> bool:
        """Say whether a call is given the kind of descriptor with which alone it means this."""
        if not api.only_with:
            return True
        descriptor = argument_of(call, api, "descriptor")
        return descriptor is not None and self.inference.is_a(descriptor, function, api.only_with)

    def _of_own_class(self, name: str, owner: ClassInfo, table: dict[str, Api]) -> Api | None:
        """A bare name in a C++ method may be one of its class, or of a base that the tables know."""
        for type_name in self.inference.class_lineage(owner):
            known = self._program.class_named(type_name, owner.unit)
            if known is not None and name in known.methods:
                return None
            if f"{type_name}.{name}" in table:
                return table[f"{type_name}.{name}"]
        return None

    def _own_methods(self, name: str, function: FunctionInfo) -> list[FunctionInfo]:
        if function.owner is None:
            return []
        for found in self._program.lineage(function.owner):
            if name in found.methods:
                return found.methods[name]
        return []

    def _is_shadowed(self, name: str, call: Call, function: FunctionInfo) -> bool:
        """Say whether the program has a function of this bare name that takes such a call."""
        if "." in name:
            return False
        return any(takes(known, call) for known in self._program.free_namesakes(name, function.unit))

    def _inherited(self, name: str, function: FunctionInfo, table: dict[str, Api]) -> Api | None:
        """`MyServer.removeServer`, where MyServer is a class of the program with a base that the tables know."""
        type_name, _, method = name.rpartition(".")
        known = self._program.class_named(type_name or method, function.unit)
        if known is None:
            return None
        if not type_name:
            return None if known.constructors() else self._of_base(known, "", table)
        return self._of_own_class(method, known, table)

    def _of_method(self, call: Call, function: FunctionInfo, table: dict[str, Api]) -> Api | None:
        if not isinstance(call.function, Attribute):
            return None
        method = call.function.name
        if is_super(call.function.value) and function.owner is not None:
            return self._of_base(function.owner, method, table)
        type_name = self.inference.type_of(call.function.value, function)
        if not type_name:
            told = self.tables.told_by_name[function.unit.language].get(method)
            has_own = method in self._program.method_names
            if has_own or call.keywords.keys() - _KEYWORDS_OF_SOCKETS:
                return None
            is_sized = told is None or told.name != "socket.socket.recv" or call.arguments or call.keywords
            return told if is_sized else table["zmq.Socket.recv"]  # a plain socket's says how much
        for name in self.inference.lineage(type_name, function.unit):
            known = self._program.class_named(name, function.unit)
            if known is not None and method in known.methods:
                return None
            if f"{name}.{method}" in table:
                return table[f"{name}.{method}"]
        return None

    def _of_base(self, owner: ClassInfo, method: str, table: dict[str, Api]) -> Api | None:
        """Return what a method of a base does, or its constructor: `super().__init__(path)`."""
        for base in self.inference.class_lineage(owner)[1:]:
            known = self._program.class_named(base, owner.unit)
            if known is not None and (method or "__init__") in known.methods:
                return None
            name = base if method in ("", "__init__") else f"{base}.{method}"
            if name in table:
                return table[name]
        return None

    def macros_around(self, names: Collection[str]) -> frozenset[str]:
        """Return the macros for a call of one of these, or of a function that gives back what such a call gives."""
        around = {
            one.name
            for one in self._program.functions
            if one.unit.language is Language.CPP and one.owner is None and _gives_back(one, names)
        }
        macros = (macro for unit in self._program.units for macro in unit.macros.values() if macro.has_parameters)
        called = ((macro.name, _CALLED_FIRST.match(macro.value)) for macro in macros)
        return frozenset(name for name, first in called if first and (first[1] in names or first[1] in around))

    # --- which function a call runs -------------------------------------------------------------------------------

    @memo(at_itself=lambda *_: [])
    def callees(self, call: Call, function: FunctionInfo) -> list[FunctionInfo]:
        """Return the functions of the program that the call may run, with their bodies."""
        found = self.functions_named_by(call.function, function)
        return [callee for callee in found if takes(callee, call)] or found

    def functions_named_by(self, expression: Expression, function: FunctionInfo) -> list[FunctionInfo]:
        """Return the functions that the expression names: a callee, a thread's target, a slot, a lambda."""
        expression = strip_casts(expression)
        match expression:
            case Lambda(function=inside):
                return [inside]
            case Name(identifier=name):
                return [found for found in self._named(name, function) if found.body is not None]
            case Attribute(value=value, name=name):
                return [found for found in self._methods(value, name, function) if found.body is not None]
            case Call(called_name="partial" | "bind" | "SLOT" | "std_bind" | "G_CALLBACK", arguments=(first, *_)):
                return self.functions_named_by(first, function)
        return []

    def returned_by(self, call: Call, function: FunctionInfo) -> list[tuple[Expression, FunctionInfo]]:
        """Return what the program's own functions that the call runs give back."""
        return [
            (statement.value, callee)
            for callee in self.callees(call, function)
            if not callee.is_constructor
            for statement in callee.statements()
            if isinstance(statement, Return) and statement.value is not None
        ]

    def entered_by(self, call: Call, function: FunctionInfo) -> list[FunctionInfo]:
        """Return the `__enter__` that a with statement runs of what the call gives."""
        contexts = (item for one in function.statements() if isinstance(one, With) for item, _ in one.items)
        if not any(strip_casts(context) is call for context in contexts):
            return []
        made = self._program.class_named(self.inference.type_of(call, function), function.unit)
        methods = [] if made is None else [one for found in self._program.lineage(made) for one in found.all_methods()]
        return [one for one in methods if one.name in ("__enter__", "__aenter__") and one.body is not None]

    def hooks_run_by(self, site: Site) -> list[FunctionInfo]:
        """Return the methods of a server's class that making the server runs: `server_bind` of socketserver's."""
        if not site.api.name.startswith("socketserver.") or not site.api.act & Act.LISTEN:
            return []
        made = self._program.class_named(self._names.external(site.call.function, site.function), site.function.unit)
        owner = site.function.owner if is_super(site.call.receiver or site.call) else made
        methods = (
            [] if owner is None else [one for found in self._program.lineage(owner) for one in found.all_methods()]
        )
        return [one for one in methods if one.name in ("server_bind", "server_activate") and one.body is not None]

    def getters(self, attribute: Attribute, function: FunctionInfo) -> list[FunctionInfo]:
        """Return the functions that reading a Python property runs."""
        if function.unit.language is not Language.PYTHON:
            return []
        return [found for found in self.functions_named_by(attribute, function) if _is_property(found)]

    def _named(self, name: str, function: FunctionInfo) -> list[FunctionInfo]:
        scope: FunctionInfo | None = function
        while scope is not None:
            inside = [found for found in scope.nested if found.name == name and found.kind is FunctionKind.FUNCTION]
            if inside:
                return inside
            if name in scope.local_names() and scope.kind is not FunctionKind.MODULE:
                return self._held(name, scope)
            scope = scope.enclosing
        if function.unit.language is Language.CPP:
            own = self._own_methods(name, function)
            if own:
                return own
        target = function.unit.imports.get(name, name)
        known = self._program.class_named(target, function.unit)
        if known is not None:
            return known.constructors()
        if function.unit.language is Language.PYTHON:
            return self._python_functions(name, function.unit)
        return self._program.free_functions(last_word(target), function.unit)

    def _python_functions(self, name: str, unit: Unit, farthest: int = _MOST_IMPORTS) -> list[FunctionInfo]:
        """Return the functions that a name of a Python file stands for: those of the file, or of what it imports.

        A namesake in another file is somebody else's, as is that of a library that is not among the files.
        """
        own = [found for found in self._functions_of(name, unit) if unit.imports.get(name) is None]
        if own or farthest == 0:
            return own
        imported = unit.imports.get(name)
        ways = [imported] if imported else [f"{module}.{name}" for module in unit.star_imports]
        found: list[FunctionInfo] = []
        for way in ways:
            module_name, _, original = way.rpartition(".")
            module = self._program.imported_module(module_name, unit) if module_name else None
            if module is not None and module is not unit:
                found.extend(self._python_functions(original, module, farthest - 1))
        return found

    def _functions_of(self, name: str, unit: Unit) -> list[FunctionInfo]:
        return [
            found
            for found in self._program.functions_by_name.get(name, ())
            if found.unit is unit and found.owner is None and found.kind is FunctionKind.FUNCTION
        ]

    def _held(self, name: str, scope: FunctionInfo) -> list[FunctionInfo]:
        """Return the lambdas that a local variable holds."""
        found = []
        for statement in scope.statements():
            target, value = getattr(statement, "target", None), getattr(statement, "value", None)
            if isinstance(target, Name) and target.identifier == name and isinstance(value, Lambda):
                found.append(value.function)
        return found

    def _methods(self, receiver: Expression, name: str, function: FunctionInfo) -> list[FunctionInfo]:
        type_name = self.inference.type_of(receiver, function) or last_word(self._names.external(receiver, function))
        known = self._program.class_named(type_name, function.unit) if type_name else None
        if known is not None:
            for found in self._program.lineage(known):
                if name in found.methods:
                    return found.methods[name]
            return []
        named = self._names.external(receiver, function)
        module = self._program.imported_module(named, function.unit) if named else None
        if module is not None and function.unit.language is Language.PYTHON:
            return [found for found in self._program.functions_by_name.get(name, ()) if found.unit is module]
        if type_name and function.unit.language is Language.CPP:
            is_scope = self._is_scope(receiver, function)
            return self._program.free_functions(name, function.unit, is_pointed_to=True) if is_scope else []
        if named and function.unit.language is Language.PYTHON and self._is_of_library(named, function):
            return []
        alone = [found for found in self._program.functions_by_name.get(name, ()) if found.owner is not None]
        return alone if len(alone) == 1 and not self.inference.type_of(receiver, function) else []

    def _is_of_library(self, named: str, function: FunctionInfo) -> bool:
        """Say whether a dotted name, as imported, leads into no file of the program: `os.path`."""
        return not any(self._program.module_named(word, function.unit) is not None for word in named.split("."))

    def _is_scope(self, receiver: Expression, function: FunctionInfo) -> bool:
        return self._names.variable(receiver, function) is None


def _renamed_by(macro: Macro) -> str:
    """`#define os_unlink unlink`, `#define RUN(command) system(command)`: the function, with the same arguments."""
    if not macro.has_parameters:
        return macro.value
    called = re.fullmatch(r"\s*(\w+)\s*\([\w\s,]*\)\s*", macro.value)
    return called[1] if called else ""


def _gives_back(function: FunctionInfo, names: Collection[str]) -> bool:
    """Say whether a function returns what a call of one of these gives, or a number where it fails."""
    values = [strip_casts(one.value) for one in function.statements() if isinstance(one, Return) and one.value]
    calls = [one for one in values if isinstance(one, Call)]
    others = [one for one in values if not isinstance(one, Call | Literal | Unary)]
    return bool(calls) and not others and all(one.called_name in names for one in calls)


def _has_its_shape(call: Call, api: Api) -> bool:
    """Say whether a C function is called as it must be: `connect(sender, &Sender::signal, slot)` is another one."""
    if api.takes is None:
        return True
    if "_" in api.name:  # no name of Qt's
        return len(call.arguments) == api.takes
    return len(call.arguments) == api.takes and not any(_is_signal(argument) for argument in call.arguments)


def _is_signal(argument: Expression) -> bool:
    match argument:
        case This() | Lambda() | Call(called_name="SIGNAL" | "SLOT"):
            return True
        case Unary(operator="&", operand=Attribute(value=Name(identifier=name))):
            return name[:1].isupper()
    return False


def _is_property(function: FunctionInfo) -> bool:
    return any(last_word(dotted(decorator)) in ("property", "cached_property") for decorator in function.decorators)


def takes(callee: FunctionInfo, call: Call) -> bool:
    """Say whether the function can be called with so many arguments."""
    required = [one for one in callee.parameters if one.default is None and not one.is_variadic]
    given = len(call.arguments) + len(call.keywords)
    return len(required) <= given and (
        len(callee.parameters) >= given or any(one.is_variadic for one in callee.parameters)
    )
