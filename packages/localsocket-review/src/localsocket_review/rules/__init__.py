"""The rules, a module each. A module that is in this package is a rule: nothing else registers it.

docs/writing-a-rule.md leads from an idea to a rule with its programs and its page, and lists what `facts` answers.
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


def title_and_repair(rule_id: str) -> tuple[str, str]:
    """Return what a rule finds and what to do about it, without loading the others: an entry point of the package."""
    (name,) = (
        module.name for module in pkgutil.iter_modules(__path__) if module.name.startswith(f"{rule_id.lower()}_")
    )
    rule: Rule = importlib.import_module(f"{__name__}.{name}").RULE
    return rule.title, rule.repair
