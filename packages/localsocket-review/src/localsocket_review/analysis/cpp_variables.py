"""Variables of C and C++ that are one, though the text has two: globals that files share, members of a union."""

from __future__ import annotations

import re
from collections import defaultdict

from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.program import Program
from localsocket_review.model.unit import Language, Unit

_EXTERN = re.compile(r"^\s*extern\b[^;={(]*?(\w+)\s*(?:\[[^\]]*\]\s*)*;", re.MULTILINE)
# `union both { … } one;`, `typedef union { … } both_type;`
_UNION = re.compile(r"\b(typedef\s+)?union\s*(\w*)\s*\{[^{}]*\}\s*(\w*)\s*[;=]")


class SharedGlobals:
    """Knows whose a global is that a file only declares: `extern char *chosen;`."""

    def __init__(self, program: Program) -> None:
        self._declared: defaultdict[FunctionInfo, set[str]] = defaultdict(set)
        self._defined: defaultdict[str, list[FunctionInfo]] = defaultdict(list)
        for unit in program.units:
            if unit.language is Language.CPP and unit.body is not None:
                declared = set(_EXTERN.findall(unit.code)) if "extern" in unit.code else set()
                self._declared[unit.body] = declared
                for name in unit.body.local_names() - declared - unit.macros.keys():
                    self._defined[name].append(unit.body)

    def owner(self, name: str, body: FunctionInfo) -> FunctionInfo:
        """Return the file that defines the variable which this file names."""
        if name not in self._declared[body]:
            return body
        return next(iter(self._defined.get(name, ())), body)


class Unions:
    """Knows the variables whose members all are the same bytes."""

    def __init__(self) -> None:
        self._known: dict[str, frozenset[str]] = {}

    def is_union(self, name: str, unit: Unit) -> bool:
        if unit.path not in self._known:
            self._known[unit.path] = frozenset(_unions_of(unit.code)) if "union" in unit.code else frozenset()
        return name in self._known[unit.path]


def _unions_of(code: str) -> set[str]:
    types: set[str] = set()
    variables: set[str] = set()
    for match in _UNION.finditer(code):
        named, behind = match[2], match[3]
        if named:
            types.add(rf"union\s+{named}")
            types.add(named)
        if behind:
            (types if match[1] else variables).add(behind)
    for kind in types:
        variables.update(re.findall(rf"\b{kind}\s*\*?\s*(\w+)\s*[;=,)]", code))
    return variables
