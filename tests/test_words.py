"""One word, one thing: a class name is not used twice, except for what is the same thing on several APIs."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ["localsocket", "localsocket-review"]
APIS = {"blocking", "aio", "anyio", "qt"}


def test_a_class_name_is_used_once_or_for_the_same_thing_on_each_api() -> None:
    places: defaultdict[str, set[str]] = defaultdict(set)
    for package in PACKAGES:
        source = ROOT / "packages" / package / "src"
        for file in source.rglob("*.py"):
            module = file.relative_to(source).with_suffix("").parts
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places[node.name].add(".".join("API" if part in APIS else part for part in module))
    assert len(places) > 200
    assert {name: sorted(found) for name, found in places.items() if len(found) > 1} == {}
