"""What a user wants of a review beyond the paths: from the command line, and from the pyproject.toml that is in force.

That file may tell which rules and frameworks are wanted. It cannot name rules to load: they are code, and a review of a
tree that somebody else wrote must not run what stands in it.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localsocket_review.apis.framework_file import BadFrameworkFile, read_framework
from localsocket_review.report.report import RuleFailure
from localsocket_review.reviewer import Additions
from localsocket_review.rules import all_rules
from localsocket_review.rules.own import BadRule, OwnRule, checked_ids, installed_rules, rules_at
from localsocket_review.rules.rule import Rule

_TABLE = "localsocket-review"
_KEYS = ("exclude", "frameworks", "ignore", "select")


class BadSettings(ValueError):
    """What cannot be understood of the settings, in one line that says where it stands."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody wrote, on the command line or in a file."""

    frameworks: tuple[Path, ...] = ()
    rules: tuple[Path, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewSettings:
    """The rules to ask, in order, what the user adds to the reviewer, and what is left out of trees."""

    rules: tuple[Rule, ...]
    own: tuple[OwnRule, ...]
    additions: Additions
    exclude: tuple[str, ...] = field(default=())


def settings_of(asked: Wishes, directory: Path) -> ReviewSettings:
    """Return what is to be done: what the command line says, added to what the file in force says.

    Raises BadSettings, which tells the file and what to write instead.
    """
    written = wishes_in_force(directory)
    files = (*written.frameworks, *asked.frameworks)
    try:
        frameworks = tuple(map(read_framework, files))
        own = [one for path in asked.rules for one in rules_at(path)]
        installed, broken = installed_rules()
        own.extend(installed)
        checked_ids(own, all_rules())
    except (BadFrameworkFile, BadRule) as error:
        raise BadSettings(str(error)) from error
    except OSError as error:
        raise BadSettings(f"{error.filename}: {error.strerror}") from error
    known = (*all_rules(), *(one.rule for one in sorted(own, key=lambda one: one.rule.id)))
    select, ignore = asked.select or written.select, (*written.ignore, *asked.ignore)
    wanted = tuple(rule for rule in known if _is_wanted(rule, _checked(select, known), _checked(ignore, known)))
    if not wanted:
        raise BadSettings("no rule is left to ask; select some, or ignore fewer")
    additions = Additions(
        frameworks,
        (*files, *dict.fromkeys(file for one in own for file in one.files)),
        tuple(RuleFailure(error.source, f"which {error.fault}", error.trace) for error in broken),
        tuple(rule for rule in known if rule not in wanted),
    )
    return ReviewSettings(wanted, tuple(own), additions, (*written.exclude, *asked.exclude))


def _checked(selectors: Sequence[str], rules: Sequence[Rule]) -> tuple[str, ...]:
    """Return ids and their beginnings, such as LS106 and LS1, in capitals. Raises BadSettings for one that is none."""
    words = [word.strip().upper() for selector in selectors for word in selector.split(",") if word.strip()]
    for word in words:
        if not any(rule.id.startswith(word) for rule in rules):
            ids = [rule.id for rule in rules]
            raise BadSettings(f"there is no rule {word!r}{_did_you_mean(word, ids) or '; --list-rules shows them'}")
    return tuple(words)


def _is_wanted(rule: Rule, select: tuple[str, ...], ignore: tuple[str, ...]) -> bool:
    return (not select or rule.id.startswith(select)) and not (ignore and rule.id.startswith(ignore))


def wishes_in_force(directory: Path) -> Wishes:
    """Return what the nearest pyproject.toml that speaks of this tool says, from the directory upwards."""
    for folder in (directory, *directory.parents):
        file = folder / "pyproject.toml"
        table = _table_of(file) if file.is_file() else None
        if table is not None:
            return Wishes(
                frameworks=tuple(folder / name for name in _texts(file, table, "frameworks")),
                select=tuple(_texts(file, table, "select")),
                ignore=tuple(_texts(file, table, "ignore")),
                exclude=tuple(_texts(file, table, "exclude")),
            )
    return Wishes()


def _table_of(file: Path) -> dict[str, Any] | None:
    try:
        tools = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None  # of a project under review, perhaps: what is wrong with it is for its own tools to tell
    table = tools.get(_TABLE) if isinstance(tools, dict) else None
    if table is None:
        return None
    if not isinstance(table, dict):
        raise BadSettings(f"{file}: [tool.{_TABLE}] must be a table")
    for fault in _faults(table):
        raise BadSettings(f"{file}: {fault}")
    return table


def _faults(table: dict[str, Any]) -> Iterator[str]:
    for key in table:
        if key == "rules":
            yield f"`rules` of [tool.{_TABLE}] is not read: rules are code, so name them by --rules or install them"
        if key not in _KEYS:
            hint = _did_you_mean(key, _KEYS) or f"; there are {', '.join(_KEYS)}"
            yield f"`{key}` of [tool.{_TABLE}] is unknown{hint}"


def _texts(file: Path, table: dict[str, Any], key: str) -> list[str]:
    told = table.get(key, [])
    if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
        raise BadSettings(f"{file}: `{key}` of [tool.{_TABLE}] must be a list of strings, not {told!r}")
    return told


def _did_you_mean(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
