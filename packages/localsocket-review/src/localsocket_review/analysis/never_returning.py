"""Calls after which nothing of the caller runs: `exit()`, `[[noreturn]]`, `NoReturn`, a helper that always raises."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.names import Names
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Await, Call, Conditional, Expression, Literal, Name, This
from localsocket_review.model.program import Program, last_word
from localsocket_review.model.statements import (
    Branch,
    Break,
    Choice,
    Evaluate,
    Goto,
    Loop,
    Raise,
    Return,
    Statement,
    Try,
    With,
)
from localsocket_review.model.unit import Language, Unit

_ENDING_C = frozenset(
    {
        "exit",
        "_exit",
        "_Exit",
        "quick_exit",
        "abort",
        "err",
        "errx",
        "errc",
        "verr",
        "verrx",
        "verrc",
        "longjmp",
        "siglongjmp",
        "pthread_exit",
        "thrd_exit",
        "rethrow_exception",
        "throw_with_nested",
        "__builtin_unreachable",
        "__builtin_trap",
        "__assert_fail",
        "ExitProcess",
        "g_error",
        "g_assert_not_reached",
        "qFatal",
        "qt_assert",
        "Q_UNREACHABLE",
        "unreachable",
    }
)
_ENDING_OF_STD = frozenset({"std.terminate", "std.exit", "std.abort", "std._Exit", "std.quick_exit", "std.unreachable"})
_ENDING_PYTHON = frozenset(
    {"sys.exit", "os._exit", "os.abort", "exit", "quit", "pytest.fail", "pytest.skip", "pytest.exit", "_thread.exit"}
)
_ENDING_METHODS = frozenset({"fail", "skipTest"})  # of a test case
# What goes on only where its first argument holds, in every build; what a release leaves out is told by LS123.
_ASSERTING = frozenset(
    {"g_return_if_fail", "g_return_val_if_fail", "assert_return", "assert_se", "RELEASE_ASSERT", "ALWAYS_ASSERT"}
)
# What a macro is called that refuses, where its definition is not among the files: `ASSERT_DIE`, `CHECK_OR_DIE`.
_NAMED_ASSERTING = re.compile(
    r"(?:\w+_)?(?:assert|check|require|verify|ensure)_(?:or_)?(?:die|fatal|abort|panic|fail)|(?:die|abort|fatal)_unless",
    re.IGNORECASE,
)
_RELEASE_ONLY = frozenset({"assert", "Q_ASSERT", "Q_ASSERT_X", "g_assert"})
_REFUSING_MACRO = re.compile(r"\bif\s*\(\s*!\s*\(?\s*\w+\s*\)?\s*\)\s*\{?\s*(?:\\\s*)?(\w+)", re.ASCII)
_NEVER = re.compile(r"\b(?:NoReturn|Never)\b")
# How a declaration, also one in a comment of a header that is not given, says that the function does not come back.
_MARK = r"(?:\[\[\s*noreturn\s*\]\]|\b_?_?[Nn]o_?[Rr]eturn_?_?\b|\b_Noreturn\b|\b[A-Z_]*NO_?RETURN[A-Z_]*\b)"
_MARKED_BEFORE = re.compile(rf"{_MARK}[\s)\]]*(?:[\w:]+[\s*&]+)*?([A-Za-z_]\w*)\s*\(")
_MARKED_AFTER = re.compile(rf"\b([A-Za-z_]\w*)\s*\([^;{{}}()]*\)[^;{{}}]{{0,60}}?{_MARK}")
_SAID = r"(?:never|do(?:es)?\s+not|doesn't|won't|will\s+not)\s+(?:return|come\s+back)"
_SAID_OF = re.compile(rf"\b([A-Za-z_]\w*)\s*\([^;{{}}()]*\)\s*;?\s*(?:/\*|//)?[^\n;]{{0,60}}?\b{_SAID}", re.IGNORECASE)
# What a function is called that ends the program, where nothing else is known of it: `fatal(…)`, `die_errno(…)`.
# What is asserted in the same breath decides whether it does: `ASSERT_DIE(length < room)`.
_NAMED_SO = re.compile(
    r"(?!log|on_|at|\w*(?:assert|check|ensure|verify|require))(?:\w+_)?"
    r"(?:die|fatal|panic|croak|unreachable|give_?up|bail_?out)(?:_(?!if|on|unless)\w+)?"
    r"|(?:die|fatal|panic|bail)(?:Error|With\w*|Errno|Out|f)|(?:exit|abort)_?(?:with|on|because)_?\w*",
    re.IGNORECASE,
)
_NO_NAMES = frozenset({"if", "while", "for", "switch", "return", "sizeof", "__attribute__", "__declspec", "defined"})


class NeverReturning:
    """Knows which calls end the function that makes them."""

    def __init__(self, program: Program, names: Names, calls: ProgramCalls) -> None:
        self._program = program
        self._names = names
        self._calls = calls
        self._functions: dict[FunctionInfo, bool] = {}
        self._marked: dict[Unit, frozenset[str]] = {}

    def ends(self, call: Call, function: FunctionInfo) -> bool:
        """Say whether nothing of the function runs after this call."""
        name = call.called_name
        if not name or self._cannot(name) or self.asserted(call, function) is not None:
            return False
        callees = self._calls.callees(call, function)
        if callees:
            return all(map(self.is_ending, callees))
        if function.unit.language is Language.PYTHON:
            return self._ends_python(call, function)
        named = self._names.external_candidates(call.function, function)
        if call.receiver is None and (name in _ENDING_C or name in self._marked_near(function.unit)):
            return True
        if call.receiver is None and name not in self._declared and _NAMED_SO.fullmatch(name):
            return True
        return name in _ENDING_C | {"terminate"} and not _ENDING_OF_STD.isdisjoint(named)

    def asserted(self, call: Call, function: FunctionInfo) -> Expression | None:
        """Return what must hold so that the function goes on behind a macro: `ASSERT_DIE(size < most)`."""
        if function.unit.language is not Language.CPP or call.receiver is not None or not call.arguments:
            return None
        name = call.called_name
        if name in _RELEASE_ONLY:
            return None
        is_known = name in _ASSERTING or any(self._leaves_by(*way) for way in self._refusing_macros.get(name, ()))
        if not is_known and _NAMED_ASSERTING.fullmatch(name):
            is_known = name not in self._declared and not any(name in one.macros for one in self._program.units)
        return call.arguments[0] if is_known else None

    @cached_property
    def _refusing_macros(self) -> dict[str, list[tuple[str, Unit]]]:
        """What macros of the program do, and in which files, unless what they are given holds: `return`, a call."""
        found: defaultdict[str, list[tuple[str, Unit]]] = defaultdict(list)
        for unit in self._program.units:
            for macro in unit.macros.values():
                match = _REFUSING_MACRO.search(macro.value) if macro.has_parameters else None
                if match is not None:
                    found[macro.name].append((match[1], unit))
        return found

    def _leaves_by(self, word: str, unit: Unit) -> bool:
        if word in ("return", "goto", "throw") or word in _ENDING_C or word in self._marked_near(unit):
            return True
        defined = self._program.functions_by_name.get(word, ())
        return bool(defined and all(map(self.is_ending, defined))) or bool(not defined and _NAMED_SO.fullmatch(word))

    def _cannot(self, name: str) -> bool:
        """Say at once of most calls that they come back: no function of this name ends, and nothing speaks of it."""
        return name not in self._candidates and not _NAMED_SO.fullmatch(name)

    @cached_property
    def _declared(self) -> frozenset[str]:
        """The names of which a declaration is given, which would say that the function does not come back."""
        return frozenset(one.name for unit in self._program.units for one in unit.functions)

    @cached_property
    def _candidates(self) -> frozenset[str]:
        known = {last_word(name) for name in (*_ENDING_C, *_ENDING_OF_STD, *_ENDING_PYTHON, *_ENDING_METHODS)}
        marked = {name for unit in self._program.units for name in self._marked_in(unit)}
        defined = {
            function.name
            for function in self._program.functions
            if _may_be_ending(function) or self._is_marked(function)
        }
        return frozenset(known | marked | defined)

    def _ends_python(self, call: Call, function: FunctionInfo) -> bool:
        named = self._names.external(call.function, function)
        if named in _ENDING_PYTHON:
            return not self._program.functions_by_name.get(named)
        is_of_test = isinstance(call.receiver, This) and function.owner is not None
        return is_of_test and call.called_name in _ENDING_METHODS and _is_test_case(function)

    def is_ending(self, function: FunctionInfo) -> bool:
        """Say whether no call of the function comes back, by what it promises or by all that it does."""
        if function not in self._functions:
            self._functions[function] = False  # one that calls itself comes back, as far as is known
            self._functions[function] = self._is_marked(function) or (
                _may_be_ending(function) and not self._may_come_back(function.body or [], function)
            )
        return self._functions[function]

    def _is_marked(self, function: FunctionInfo) -> bool:
        if function.unit.language is Language.PYTHON:
            return bool(_NEVER.search(function.return_type))
        return function.owner is None and function.name in self._marked_in(function.unit)

    def _marked_near(self, unit: Unit) -> frozenset[str]:
        """Return the names that this file, or a header among those given, marks."""
        return self._marked_in(unit) | self._marked_in_headers

    @cached_property
    def _marked_in_headers(self) -> frozenset[str]:
        headers = (one for one in self._program.units if one.path.endswith((".h", ".hpp", ".hh", ".hxx")))
        return frozenset().union(*map(self._marked_in, headers))

    def _marked_in(self, unit: Unit) -> frozenset[str]:
        if unit not in self._marked:
            found: set[str] = set()
            if unit.language is Language.CPP and re.search(r"no_?return|\b(?:return|come\s+back)\b", unit.source, re.I):
                for pattern in (_MARKED_BEFORE, _MARKED_AFTER, _SAID_OF):
                    found.update(match[1] for match in pattern.finditer(unit.source))
            self._marked[unit] = frozenset(found - _NO_NAMES)
        return self._marked[unit]

    # --- a body that never ends in order ----------------------------------------------------------------------------

    def _may_come_back(self, body: Sequence[Statement], function: FunctionInfo) -> bool:
        """Say whether the end of these statements, or a return in them, may be reached."""
        for statement in body:
            if _returns(statement):
                return True
            if self._stops(statement, function):
                return False
        return True

    def _stops(self, statement: Statement, function: FunctionInfo) -> bool:
        """Say whether nothing that follows the statement runs; it holds no return."""
        match statement:
            case Raise():
                return True
            case Evaluate(value=value):
                return any(self.ends(call, function) for call in surely_called(value))
            case Branch(then=then, otherwise=otherwise):
                return bool(otherwise) and all(not self._may_come_back(one, function) for one in (then, otherwise))
            case With(body=inner):
                return not _is_suppressing(statement) and not self._may_come_back(inner, function)
            case Try(body=inner, handlers=handlers, finally_body=last):
                if not self._may_come_back(last, function):
                    return True
                ways = [inner, *(handler.body for handler in handlers)]
                return all(not self._may_come_back(one, function) for one in ways)
            case Loop(test=test, iterable=None, body=inner):
                is_endless = test is None or (isinstance(test, Literal) and bool(test.value))
                return is_endless and not any(map(_leaves, inner))
            case Choice(cases=cases):
                return any(not case.values for case in cases) and all(
                    not self._may_come_back(case.body, function) for case in cases if not case.falls_through
                )
        return False


def surely_called(expression: Expression) -> list[Call]:
    """Return the calls that a statement of this expression makes in any case."""
    match expression:
        case Await(value=value):
            return surely_called(value)
        case Call():
            return [expression]
        case Conditional(then=Call() as one, otherwise=Call()):
            return [one] if one.called_name in _ENDING_C else []
    return []


def _may_be_ending(function: FunctionInfo) -> bool:
    """Say whether the body may be one that never ends, at a first look: a method may be overridden, a task waits."""
    body = function.body
    if not body or function.is_virtual or function.is_constructor or function.name in ("", "main", "run"):
        return False
    if any(isinstance(part, Name) and part.identifier == "NotImplementedError" for part in function.expressions()):
        return False
    if any(map(_returns, body)):
        return False
    return not any(getattr(part, "kind", "").startswith("yield") for part in function.expressions())


def _returns(statement: Statement) -> bool:
    return isinstance(statement, Return | Goto) or any(_returns(inner) for body in statement.bodies() for inner in body)


def _leaves(statement: Statement) -> bool:
    """Say whether a loop is left here; breaks of loops inside count as well, which errs on the side of coming back."""
    return isinstance(statement, Break) or any(_leaves(inner) for body in statement.bodies() for inner in body)


def _is_suppressing(statement: With) -> bool:
    return any(
        isinstance(context, Call) and context.called_name in ("suppress", "raises") for context, _ in statement.items
    )


def _is_test_case(function: FunctionInfo) -> bool:
    return function.owner is not None and any("TestCase" in base for base in function.owner.bases)
