"""Which programs of a tree run a function: those from whose `main` a way of calls leads to it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import PurePath

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.reach import is_entry
from localsocket_review.model.declarations import ClassInfo, FunctionInfo
from localsocket_review.model.program import Program, last_word
from localsocket_review.model.statements import Assign
from localsocket_review.model.unit import Language, Unit

Mains = frozenset[FunctionInfo]

# The names of files and folders whose programs only try out a library, which others use for more.
_TRIAL = re.compile(r"(?:.*[_-])?(?:tests?|examples?|samples?|demos?|unittests?|benchmarks?)(?:[_-].*)?")


class Processes:
    """Follows calls backwards, those of functions that are handed to something too. A library's end nowhere."""

    def __init__(self, program: Program, calls: ProgramCalls) -> None:
        self._program = program
        self._calls = calls
        self._mains: dict[FunctionInfo, Mains] = {}

    def running(self, function: FunctionInfo) -> Mains:
        """Return the entries of the programs that run the function; none where the text does not tell.

        What no program beside it runs belongs to a library: nobody knows all the programs that use it.
        """
        if function not in self._mains:
            mains = frozenset(one for one in self.leading_to([function]) if is_entry(one) and not _is_trial(one))
            is_of_program = any(one.unit.folder == function.unit.folder for one in mains)
            self._mains[function] = mains if is_of_program else frozenset()
        return self._mains[function]

    def leading_to(self, functions: Iterable[FunctionInfo]) -> set[FunctionInfo]:
        """Return the functions and all from which calls lead to one of them."""
        found: set[FunctionInfo] = set()
        waiting = list(functions)
        while waiting:
            current = waiting.pop()
            if current not in found:
                found.add(current)
                waiting.extend(site.caller for site in self._calls.callers(current))
                waiting.extend([current.enclosing] if current.enclosing is not None else [])
                if current.is_constructor and current.owner is not None:
                    waiting.extend(self._declaring.get(current.owner, ()))
        return found

    @cached_property
    def _declaring(self) -> dict[ClassInfo, list[FunctionInfo]]:
        """What makes an object without a call, by its class: `Handler handler;`, in a function or in another object."""
        found: defaultdict[ClassInfo, list[FunctionInfo]] = defaultdict(list)
        for function in self._program.functions:
            if function.unit.language is Language.CPP:
                declared = (one.type for one in function.statements() if isinstance(one, Assign) and one.value is None)
                for made in self._classes(declared, function.unit):
                    found[made].append(function)
        for owner in self._program.classes:
            if owner.unit.language is Language.CPP:
                for made in self._classes((member.type for member in owner.members.values()), owner.unit):
                    found[made].extend(owner.constructors())
        return dict(found)

    def _classes(self, types: Iterable[str], near: Unit) -> Iterator[ClassInfo]:
        """Yield the program's classes among the types, of which a pointer or a reference is none."""
        for name in types:
            known = self._program.class_named(name, near) if last_word(name) in self._program.classes_by_name else None
            if known is not None:
                yield known


def _is_trial(function: FunctionInfo) -> bool:
    path = PurePath(function.unit.path)
    return any(_TRIAL.fullmatch(name) for name in (path.stem, path.parent.name))
