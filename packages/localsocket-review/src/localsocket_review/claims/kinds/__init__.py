"""The kinds of claims, a module each. A module of this package that has a KIND, or KINDS, is found by that alone.

How to add one: write `kinds/copied_twice.py` with one value `KIND = ClaimKind(…)` and the function `check(claim, code)`
that returns `supported(reason, (place, word), …)`, `refuted(…)` or `undecided(…)`. Supported needs a place. Its
`examples` are sentences that must be recognised as this kind; the tests read them.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from localsocket_review.claims.kinds.kind import ClaimKind


@cache
def all_kinds() -> tuple[ClaimKind, ...]:
    """Return every kind of this package, the most particular first."""
    modules = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    found: list[ClaimKind] = [module.KIND for module in modules if hasattr(module, "KIND")]
    found += [kind for module in modules for kind in getattr(module, "KINDS", ())]
    return tuple(sorted(found, key=lambda kind: (kind.rank, kind.name)))
