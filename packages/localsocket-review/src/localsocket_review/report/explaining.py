"""A rule, taught: what it means, why it matters, and the same code with and without the defect."""

from __future__ import annotations

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from localsocket_review.model.unit import Language
from localsocket_review.report.colours import COLOURS
from localsocket_review.rules.rule import Rule

_SIGNS = {"Bad": "bold red", "Good": "bold green"}
_LEXERS = {Language.PYTHON: "python", Language.CPP: "cpp"}


def explain(rule: Rule, console: Console) -> None:
    """Print what a rule means, in colour where the console has colours."""
    facts = [rule.category.value, (rule.severity.name.lower(), COLOURS[rule.severity])]
    console.print(Text.assemble((rule.id, COLOURS[rule.severity]), (f": {rule.title}", "bold")), soft_wrap=True)
    console.print(Text(", ").join(Text.assemble(one) for one in (*facts, *filter(None, [rule.cwe]))), soft_wrap=True)
    console.print()
    console.print(Text(rule.why))
    console.print()
    console.print(Text(f"Repair: {rule.repair}.", "green"))
    if rule.unless:
        console.print(Text("Not reported when:"))
    for case in rule.unless:
        console.print(Text(f"  - {case}"))
    for example in rule.examples:
        for word, code in (("Bad", example.bad), ("Good", example.good)):
            console.print()
            console.print(Text(f"{word} ({example.language.value}):", _SIGNS[word]))
            if console.is_terminal:
                console.print(Syntax(code.rstrip(), _LEXERS[example.language], background_color="default"))
            else:
                console.print(Text("".join(f"    {line}\n" for line in code.splitlines()).rstrip("\n")), soft_wrap=True)
