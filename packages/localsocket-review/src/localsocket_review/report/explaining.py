"""A rule, taught: what it means, why it matters, and the same code with and without the defect."""

from __future__ import annotations

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Rule

_LEXERS = {Language.PYTHON: "python", Language.CPP: "cpp"}


def explain(rule: Rule, console: Console) -> None:
    weakness = f", {rule.cwe}" if rule.cwe else ""
    console.print(Text(f"{rule.id}: {rule.title}", "bold"), soft_wrap=True)
    console.print(Text(f"{rule.category.value}, {rule.severity.name.lower()}{weakness}", "dim"), soft_wrap=True)
    console.print()
    console.print(Text(rule.why))
    console.print()
    console.print(Text(f"Repair: {rule.repair}."))
    if rule.unless:
        console.print(Text("Not reported when:"))
    for case in rule.unless:
        console.print(Text(f"  - {case}"))
    for example in rule.examples:
        for word, code in (("Bad", example.bad), ("Good", example.good)):
            console.print()
            console.print(Text(f"{word} ({example.language.value}):"))
            if console.is_terminal:
                console.print(Syntax(code.rstrip(), _LEXERS[example.language], background_color="default"))
            else:
                console.print(Text("".join(f"    {line}\n" for line in code.splitlines()).rstrip("\n")), soft_wrap=True)
