"""Which programs of a tree run a function: those from whose `main` a way of calls leads to it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath

from localsocket_review.analysis.calls import ProgramCalls
from localsocket_review.analysis.reach import is_entry
from localsocket_review.model.declarations import FunctionInfo

Mains = frozenset[FunctionInfo]

# The names of files and folders whose programs only try out a library, which others use for more.
_TRIAL = re.compile(r"(?:.*[_-])?(?:tests?|examples?|samples?|demos?|unittests?|benchmarks?)(?:[_-].*)?")


class Processes:
    """Follows calls backwards, those of functions that are handed to something too. A library's end nowhere."""

    def __init__(self, calls: ProgramCalls) -> None:
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
        return found


def _is_trial(function: FunctionInfo) -> bool:
    path = PurePath(function.unit.path)
    return any(_TRIAL.fullmatch(name) for name in (path.stem, path.parent.name))
