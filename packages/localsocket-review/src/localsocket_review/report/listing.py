"""Rules as a list, and what became of testing them: tables on a terminal, lines or JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from localsocket_review.rules.rule import Rule


def list_rules(rules: Sequence[Rule], console: Console) -> None:
    """Print every rule, a line each: in a pipe its parts are separated by tabs."""
    if not console.is_terminal:
        for rule in rules:
            console.file.write("\t".join(_cells(rule)) + "\n")
        return
    table = Table("rule", "category", "severity", "what", box=None)
    for rule in rules:
        table.add_row(*_cells(rule))
    console.print(table)


def rules_as_json(rules: Sequence[Rule]) -> str:
    parts = [
        {
            "rule": rule.id,
            "title": rule.title,
            "category": rule.category.value,
            "severity": rule.severity.name.lower(),
            "cwe": rule.cwe,
            "languages": [language.value for language in dict.fromkeys(rule.languages)],
            "origin": rule.origin or None,
        }
        for rule in rules
    ]
    return json.dumps({"rules": parts}, indent=2, ensure_ascii=False) + "\n"


def _cells(rule: Rule) -> tuple[str, str, str, str]:
    return rule.id, rule.category.value, rule.severity.name.lower(), rule.title
