"""Rules of a user's own: modules at a path, or of an installed package that names them as an entry point.

A rule is code, and reviewing with it runs that code. So rules come from the command line or from what is installed, and
never from the files under review or from the settings beside them.
"""

from __future__ import annotations

import hashlib
import importlib.util
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.machinery import ModuleSpec
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from localsocket_review.breakdown import described, whole_trace
from localsocket_review.rules.rule import Rule

ENTRY_POINTS = "localsocket_review.rules"
_ID = re.compile(r"[A-Z]{2,10}[1-4]\d{2}")
_RESERVED = ("LS", "CWE")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class RuleCase:
    """A program that a rule is tested with; the name of its file tells the language."""

    code: str
    file: str = "case.py"


@dataclass(frozen=True, slots=True)
class OwnRule:
    """A rule, the cases of its module, and the files that it is made of."""

    rule: Rule
    valid: tuple[str | RuleCase, ...]
    invalid: tuple[str | RuleCase, ...]
    files: tuple[Path, ...]


class BadRule(Exception):
    """What is no rule: `source` is where it comes from, `fault` what is wrong, `trace` where it failed, if it did."""

    def __init__(self, source: str, fault: str, trace: str = "") -> None:
        super().__init__(f"{source}: {fault}")
        self.source, self.fault, self.trace = source, fault, trace


def rules_at(path: Path) -> list[OwnRule]:
    """Return the rule of a Python file, or those of all in a directory but whose names begin with `_`. Raises BadRule.

    Rules import what stands beside them as from one package: `from . import _names`.
    """
    if path.is_dir():
        files = sorted(one for one in path.glob("*.py") if not one.name.startswith("_"))
        if not files:
            raise BadRule(str(path), "there are no rules here: no Python file without a `_` before its name")
    elif path.suffix == ".py" and path.is_file():
        files = [path]
    else:
        raise BadRule(
            str(path), "is neither a Python file nor a directory of such files" if path.exists() else "is missing"
        )
    package = _package_of(files[0].parent)
    found = [_rule_of(_loaded(f"{package}.{file.stem}", file), str(file)) for file in files]
    helpers = (sys.modules[name].__file__ for name in sorted(sys.modules) if name.startswith(f"{package}."))
    beside = tuple(Path(name) for name in helpers if name is not None)
    return [replace(one, files=beside) for one in found]


def installed_rules() -> tuple[list[OwnRule], list[BadRule]]:
    """Return the rules that installed packages offer, and what is wrong with those that cannot be used."""
    found: list[OwnRule] = []
    bad: list[BadRule] = []
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda one: (one.name, one.value)):
        try:
            found.extend(_rules_of_entry(point))
        except BadRule as error:
            bad.append(error)
    return found, bad


def checked_ids(own: Sequence[OwnRule], built_in: Iterable[Rule]) -> None:
    """Raise BadRule for two rules of one id."""
    known = {rule.id: rule for rule in built_in}
    for one in own:
        other = known.setdefault(one.rule.id, one.rule)
        if other is not one.rule:
            raise BadRule(one.rule.origin, f"{one.rule.id} is the id of another rule, of {other.origin or 'ours'}")


def _rules_of_entry(point: EntryPoint) -> list[OwnRule]:
    distribution = f" of {point.dist.name}" if point.dist is not None else ""
    source = f"the entry point {point.name!r}{distribution}"
    module = _run(point.load, source)
    if not isinstance(module, ModuleType):
        raise BadRule(source, f"{point.value!r} is not a module")
    if not hasattr(module, "__path__"):
        own_file = [Path(module.__file__)] if module.__file__ else []
        return [replace(_rule_of(module, source), files=tuple(own_file))]
    names = sorted(one.name for one in pkgutil.iter_modules(module.__path__) if not one.name.startswith("_"))
    modules = [
        _run(lambda name=name: importlib.import_module(f"{module.__name__}.{name}"), source)  # type: ignore[misc]
        for name in names
    ]
    if not modules:
        raise BadRule(source, f"the package {point.value!r} has no modules, each of which would be a rule")
    files = tuple(file for folder in module.__path__ for file in sorted(Path(folder).rglob("*.py")))
    return [replace(_rule_of(one, f"{one.__name__}, {source}"), files=files) for one in modules]


def _package_of(folder: Path) -> str:
    """Return a name for the directory's modules that no other package has, and under which they are imported anew."""
    name = f"localsocket_review_own_{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]}"
    for known in [one for one in sys.modules if one.startswith(f"{name}.")]:
        del sys.modules[known]
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    sys.modules[name] = importlib.util.module_from_spec(spec)
    return name


def _loaded(name: str, file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise BadRule(str(file), "is not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    loader = spec.loader
    try:
        _run(lambda: loader.exec_module(module), str(file))
    except BadRule:
        del sys.modules[name]
        raise
    return module


def _run(load: Callable[[], _T], source: str) -> _T:
    try:
        return load()
    except (Exception, SystemExit) as error:
        raise BadRule(source, f"could not be loaded ({described(error)})", whole_trace(error)) from error


def _rule_of(module: ModuleType, source: str) -> OwnRule:
    rule = getattr(module, "RULE", None)
    if not isinstance(rule, Rule):
        what = "has no RULE" if rule is None else f"has a RULE that is not a Rule but {type(rule).__name__}"
        raise BadRule(source, f"{what}; write RULE = Rule(…), of localsocket_review.rules.rule")
    for fault in _faults(rule):
        raise BadRule(source, fault)
    named = replace(rule, origin=source)
    return OwnRule(named, _cases(module, "VALID", source), _cases(module, "INVALID", source), ())


def _faults(rule: Rule) -> Iterator[str]:
    if not isinstance(rule.id, str) or not _ID.fullmatch(rule.id):
        yield (
            f"{rule.id!r} is not a valid id for a rule of yours: write 2 to 10 capital letters and three digits, the "
            "first 1 for security, 2 for reliability, 3 for performance or 4 for maintainability, such as ACME101"
        )
    elif rule.id.rstrip("0123456789") in _RESERVED:
        yield f"{rule.id} begins like the reviewer's ids; choose other letters, such as those of your project"
    if not rule.examples:
        yield f"{rule.id} has no example; one for each language says which ones it is for"
    if rule.cwe is not None and not re.fullmatch(r"CWE-\d+", rule.cwe):
        yield f"{rule.id} has the weakness {rule.cwe!r}; write CWE and its number, as in CWE-732, or None"
    if not callable(rule.check):
        yield f"{rule.id} has a `check` that cannot be called"


def _cases(module: ModuleType, name: str, source: str) -> tuple[str | RuleCase, ...]:
    cases = getattr(module, name, ())
    if not isinstance(cases, list | tuple) or not all(isinstance(one, str | RuleCase) for one in cases):
        raise BadRule(source, f"{name} must be a list of programs: of strings, or of RuleCase(code, file)")
    return tuple(cases)
