"""The rules, a module each. A module that is in this package is a rule: nothing else registers it.

How to add one:

1. Write `rules/ls102_no_access_stated.py` with one value `RULE = Rule(…)` and the function `check(facts)` that yields
   `RULE.finding(place, message, evidence)`. The message is one sentence about this code; `why` and `repair` teach.
2. Ask for meanings, not for words: `facts.calls.sites(Act.BIND)` yields every call that takes a name, in each
   framework. A call that no table knows is a line in `apis/`.
3. Write the corpus: `tests/review/corpus/ls102/`, two `bad_*` files of different shape for each language, with
   `# expect: LS102` (`// expect: LS102`) on every line of a finding, a `good_*` twin of each with the same rest of the
   name, and a `good_unless_*` for each entry of `unless`. A directory `bad_*` or `good_*` is reviewed as one program.

What `facts` offers: `program` (units, classes, functions), `flow(function)` (dominates, may_follow, can_avoid, guards,
is_in_loop), `names` (variable, external), `inference` (type_of, is_a, class_lineage), `calls` (api_of, site, sites,
callees, callers, functions_named_by), `definitions` (at, everywhere), `values` (texts, numbers, endpoint), `effects`
(of, texts, same_endpoint), `taint` (received, received_size), `threads` (workers, worker_of, is_thread, reachable),
`connections` (all, of_signal), `ownership` (holder, fates), `references` (mentions).
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from functools import cache

from localsocket_review.rules.rule import Rule


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return every rule of this package, by number."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if re.fullmatch(r"ls\d{3}_\w+", module.name)]
    found: list[Rule] = [importlib.import_module(f"{__name__}.{name}").RULE for name in names]
    return tuple(sorted(found, key=lambda rule: rule.id))
