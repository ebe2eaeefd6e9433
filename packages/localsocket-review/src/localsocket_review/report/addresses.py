"""Where more is to be read about a rule."""

from __future__ import annotations

from functools import cache
from importlib.metadata import metadata

from localsocket_review.rules.rule import Rule

_LABEL = "Rules"  # of a Project-URL in the package's own metadata, below which each rule has a page


def address_of(rule: Rule) -> str:
    """Return the address of the rule's page, or of its weakness where the package names none, or nothing."""
    pages = _pages()
    if pages and not rule.origin:
        return f"{pages.rstrip('/')}/{rule.id}.md"
    return weakness_address(rule.cwe) if rule.cwe else ""


def weakness_address(cwe: str) -> str:
    return f"https://cwe.mitre.org/data/definitions/{cwe.removeprefix('CWE-')}.html"


@cache
def _pages() -> str:
    for told in metadata("localsocket-review").get_all("Project-URL") or ():
        label, _, address = told.partition(",")
        if label.strip() == _LABEL:
            return str(address.strip())
    return ""
