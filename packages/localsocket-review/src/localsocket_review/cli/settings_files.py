"""Settings that stand with the code: `.localsocket-review.toml`, or `[tool.localsocket-review]` of a pyproject.toml.

They may tell which rules and frameworks are wanted. They cannot name rules to load: these are code, and a review of a
tree that somebody else wrote must not run what stands in it.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localsocket_review.findings import Severity
from localsocket_review.policy import starts_of
from localsocket_review.reading.collecting import Exclusion
from localsocket_review.reading.patterns import Patterns

TABLE = "localsocket-review"
OWN_FILE = f".{TABLE}.toml"
_SEVERITIES = {severity.name.lower(): severity for severity in Severity}


class BadSettings(ValueError):
    """What cannot be understood of the settings, in one line that says where it stands."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a file of settings says, and those that it extends. Without `source` there is none."""

    source: Path | None = None
    folder: Path = field(default_factory=Path.cwd)
    frameworks: tuple[Path, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[Exclusion, ...] = ()
    per_file_ignores: dict[str, tuple[str, ...]] = field(default_factory=dict)
    severity: dict[str, Severity] = field(default_factory=dict)

    @property
    def ignored_patterns(self) -> tuple[tuple[Patterns, tuple[str, ...]], ...]:
        return tuple((Patterns([pattern]), rules) for pattern, rules in self.per_file_ignores.items())


def settings_around(path: Path) -> Written:
    """Return what the nearest file of settings says, in the folder of a path or above. Raises BadSettings."""
    start = Path(os.path.abspath(path))
    for folder in (start, *start.parents):
        for file in (folder / OWN_FILE, folder / "pyproject.toml"):
            table = _table_of(file) if file.is_file() else None
            if table is not None:
                return _written(file, table, ())
    return Written()


def settings_in(file: Path) -> Written:
    """Return what this file says. Raises BadSettings, also where it has nothing to say."""
    return _settings_in(Path(os.path.abspath(file)), ())


def _settings_in(file: Path, extended_by: tuple[Path, ...]) -> Written:
    if file in extended_by:
        raise BadSettings(f"{extended_by[-1]}: `extend` leads in a circle, to {file}")
    if not file.is_file():
        where = f"{extended_by[-1]}: `extend` names " if extended_by else ""
        raise BadSettings(f"{where}{file}, which does not exist")
    table = _table_of(file)
    if table is None:
        raise BadSettings(f"{file}: there is no [tool.{TABLE}]")
    return _written(file, table, extended_by)


def _table_of(file: Path) -> dict[str, Any] | None:
    """Return the settings that stand in a file, and None for a pyproject.toml that does not speak of this tool."""
    is_ours = file.name != "pyproject.toml"
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        if is_ours:
            raise BadSettings(f"{file}: {error}") from error
        return None  # of a project under review, perhaps: what is wrong with it is for its own tools to tell
    if is_ours:
        return table
    tools = table.get("tool", {})
    own = tools.get(TABLE) if isinstance(tools, dict) else None
    if own is None:
        return None
    if not isinstance(own, dict):
        raise BadSettings(f"{file}: [tool.{TABLE}] must be a table")
    return own


def _written(file: Path, table: dict[str, Any], extended_by: tuple[Path, ...]) -> Written:
    where = f"[tool.{TABLE}]" if file.name == "pyproject.toml" else "the settings"
    for fault in _unknown_keys(table, where):
        raise BadSettings(f"{file}: {fault}")
    read = {key: _READERS[key](told, f"{file}: `{key}` of {where}") for key, told in table.items()}
    folder = file.parent
    below = [_settings_in((folder / name).resolve(), (*extended_by, file)) for name in read.get("extend", ())]
    frameworks = (folder / name for name in read.get("frameworks", ()))
    select = next((base.select for base in reversed(below) if base.select), ())
    return Written(
        source=file,
        folder=folder,
        frameworks=(*(one for base in below for one in base.frameworks), *frameworks),
        select=starts_of(read["select"]) if "select" in read else select,
        ignore=(*(one for base in below for one in base.ignore), *starts_of(read.get("ignore", ()))),
        exclude=(*(one for base in below for one in base.exclude), Exclusion(tuple(read.get("exclude", ())), folder)),
        per_file_ignores=_joined([base.per_file_ignores for base in below], read.get("per-file-ignores", {})),
        severity=_joined([base.severity for base in below], read.get("severity", {})),
    )


def _joined(tables: list[dict[str, Any]], last: dict[str, Any]) -> dict[str, Any]:
    return {key: value for table in (*tables, last) for key, value in table.items()}


def _unknown_keys(table: dict[str, Any], where: str) -> Iterator[str]:
    for key in table:
        if key == "rules":
            yield f"`rules` of {where} is not read: rules are code, so name them with --rules or install them"
        if key not in _READERS:
            hint = did_you_mean(key, _READERS) or f"; there are {', '.join(sorted(_READERS))}"
            yield f"`{key}` of {where} is unknown{hint}"


def _texts(told: object, where: str) -> list[str]:
    if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
        raise BadSettings(f"{where} must be a list of strings, not {told!r}")
    return told


def _one_or_more_texts(told: object, where: str) -> list[str]:
    return [told] if isinstance(told, str) else _texts(told, where)


def _ignored_rules(told: object, where: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(told, dict):
        raise BadSettings(f'{where} must be a table such as {{ "tools/*.py" = ["LS106"] }}, not {told!r}')
    return {pattern: starts_of(_texts(rules, f"{where}, at {pattern!r},")) for pattern, rules in told.items()}


def _severities(told: object, where: str) -> dict[str, Severity]:
    if not isinstance(told, dict):
        raise BadSettings(f'{where} must be a table such as {{ LS403 = "note" }}, not {told!r}')
    return {rule.upper(): _severity(word, f"{where}, at {rule!r},") for rule, word in told.items()}


def _severity(word: object, where: str) -> Severity:
    known = _SEVERITIES.get(word) if isinstance(word, str) else None
    if known is None:
        hint = did_you_mean(str(word), _SEVERITIES) or f"; there are {', '.join(_SEVERITIES)}"
        raise BadSettings(f"{where} is {word!r}{hint}")
    return known


_READERS: dict[str, Callable[[object, str], Any]] = {
    "exclude": _texts,
    "extend": _one_or_more_texts,
    "frameworks": _texts,
    "ignore": _texts,
    "per-file-ignores": _ignored_rules,
    "select": _texts,
    "severity": _severities,
}


def did_you_mean(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
