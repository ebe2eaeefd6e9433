"""What C and C++ compile on other systems than those with Unix's shared directories."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Other
from localsocket_review.model.statements import Branch, Return, Statement

_UNIX = re.compile(r"(?<!!)\bdefined\s*\(?\s*(?:Q_OS_UNIX|Q_OS_LINUX|__linux__|__unix__)\b")


def of_other_systems(function: FunctionInfo) -> Iterator[list[Statement]]:
    """Yield what is compiled where there is no Unix: the other side of a condition after which Unix has returned."""
    for statement in function.statements():
        match statement:
            case Branch(test=Other(kind=condition), then=then, otherwise=otherwise) if _UNIX.search(condition):
                if any(isinstance(one, Return) for one in then):
                    yield otherwise
