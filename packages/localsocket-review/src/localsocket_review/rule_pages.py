"""docs/rules/: a page for each rule and one that lists them, written from the rules themselves.

`python -m localsocket_review.rule_pages docs/rules` brings them up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from localsocket_review.findings import Category
from localsocket_review.model.unit import Language
from localsocket_review.rules import all_rules
from localsocket_review.rules.rule import Rule

# Not "python": what is shown is a part of a program, and is not run by the tests of the documentation.
_FENCES = {Language.PYTHON: "py", Language.CPP: "cpp"}
_LANGUAGES = {Language.PYTHON: "Python", Language.CPP: "C and C++"}
_MADE = "<!-- made from the rules by `make rules` -->\n\n"
INDEX = "README.md"


def rule_pages(rules: Sequence[Rule]) -> dict[str, str]:
    """Return the text of every page by its file name."""
    return {INDEX: _MADE + "".join(_index(rules)), **{f"{rule.id}.md": _MADE + "".join(_page(rule)) for rule in rules}}


def _index(rules: Sequence[Rule]) -> Iterator[str]:
    yield "# The rules of `localsocket review`\n\n"
    yield "`localsocket review --explain LS106` shows a page in the terminal. How a report is read: "
    yield "[review.md](../review.md).\n"
    for category in Category:
        yield f"\n## {category.value.capitalize()}\n\n"
        yield "| rule | what | languages | severity | weakness |\n|---|---|---|---|---|\n"
        for rule in rules:
            if rule.category is category:
                cells = (f"[{rule.id}]({rule.id}.md)", rule.title, _languages(rule), _severity(rule), _weakness(rule))
                yield f"| {' | '.join(cells)} |\n"


def _page(rule: Rule) -> Iterator[str]:
    weakness = f" · {_weakness(rule)}" if rule.cwe else ""
    yield f"# {rule.id}: {rule.title}\n\n{rule.category.value} · {_severity(rule)}{weakness} · {_languages(rule)}\n\n"
    yield f"{rule.why}\n\n**Repair:** {rule.repair}.\n"
    if rule.unless:
        yield "\nNot reported when\n\n" + "".join(f"- {case}\n" for case in rule.unless)
    for example in rule.examples:
        fence = _FENCES[example.language]
        yield f"\n## In {_LANGUAGES[example.language]}\n\nWith the defect:\n\n```{fence}\n{example.bad.rstrip()}\n```\n"
        yield f"\nWithout it:\n\n```{fence}\n{example.good.rstrip()}\n```\n"
    yield f"\nTo silence it at a line: `localsocket: ignore[{rule.id}] the reason`, in a comment there. "
    yield f"[All rules]({INDEX})\n"


def _languages(rule: Rule) -> str:
    return ", ".join(dict.fromkeys(_LANGUAGES[language] for language in rule.languages))


def _severity(rule: Rule) -> str:
    return rule.severity.name.lower()


def _weakness(rule: Rule) -> str:
    if rule.cwe is None:
        return ""
    return f"[{rule.cwe}](https://cwe.mitre.org/data/definitions/{rule.cwe.removeprefix('CWE-')}.html)"


def write_pages(directory: Path) -> None:
    """Write every page, and remove those of rules that are gone."""
    pages = rule_pages(all_rules())
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        (directory / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
