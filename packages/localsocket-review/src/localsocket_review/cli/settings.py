"""What a user wants of a review beyond the paths: from the command line, and from the settings around each path."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from localsocket_review.apis.framework_file import BadFrameworkFile, read_framework
from localsocket_review.cli.settings_files import BadSettings, Written, did_you_mean, settings_around, settings_in
from localsocket_review.findings import Severity
from localsocket_review.policy import Policies, Policy, starts_of
from localsocket_review.reading.collecting import Exclusion
from localsocket_review.report.report import RuleFailure
from localsocket_review.reviewer import Additions
from localsocket_review.rules import all_rules
from localsocket_review.rules.own import BadRule, OwnRule, checked_ids, installed_rules, rules_at
from localsocket_review.rules.rule import Rule

__all__ = ["BadSettings", "ReviewSettings", "Wishes", "settings_of"]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody wrote on the command line: `config` is the file of settings to take, `isolated` means none."""

    frameworks: tuple[Path, ...] = ()
    rules: tuple[Path, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    config: Path | None = None
    isolated: bool = False


@dataclass(frozen=True, slots=True)
class ReviewSettings:
    """The rules to ask, in order, what the user adds to the reviewer, and what is left out and told how.

    `written` are the files of settings that are in force for each path.
    """

    rules: tuple[Rule, ...]
    own: tuple[OwnRule, ...]
    additions: Additions
    exclude: tuple[str | Exclusion, ...] = ()
    policies: Policies = field(default_factory=Policies)
    written: tuple[tuple[Path, Written], ...] = ()

    def __str__(self) -> str:
        """Return what is in force for each path, as TOML that could stand in a file of settings."""
        return "\n".join(
            _as_toml(path, written, policy, self)
            for (path, written), (_, policy) in zip(self.written, self.policies.of_paths, strict=True)
        )


def settings_of(asked: Wishes, paths: Sequence[Path]) -> ReviewSettings:
    """Return what is to be done: what the command line says, added to what the settings around each path say.

    Raises BadSettings, which tells the file and what to write instead.
    """
    written = [(path, _written_for(path, asked)) for path in paths]
    files = tuple(dict.fromkeys((*(file for _, one in written for file in one.frameworks), *asked.frameworks)))
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
    policies = Policies(tuple((path.absolute(), _policy(one, asked, known)) for path, one in written))
    wanted = tuple(rule for rule in known if any(policy.wants(rule.id) for _, policy in policies.of_paths))
    if not wanted:
        raise BadSettings("no rules are left; select some, or ignore fewer")
    additions = Additions(
        frameworks,
        (*files, *dict.fromkeys(file for one in own for file in one.files)),
        tuple(RuleFailure(error.source, f"which {error.fault}", error.trace) for error in broken),
        tuple(rule for rule in known if rule not in wanted),
        tuple(rule for rule in wanted if any(_weakens(policy, rule) for _, policy in policies.of_paths)),
    )
    exclusions = dict.fromkeys(one for _, each in written for one in each.exclude if one.patterns)
    return ReviewSettings(wanted, tuple(own), additions, (*exclusions, *asked.exclude), policies, tuple(written))


def _written_for(path: Path, asked: Wishes) -> Written:
    if asked.isolated:
        return Written()
    return settings_around(path) if asked.config is None else settings_in(asked.config)


def _policy(written: Written, asked: Wishes, known: Sequence[Rule]) -> Policy:
    ids = [rule.id for rule in known]
    for beginning in (*written.select, *written.ignore, *written.severity):
        _check(beginning, ids, f"{written.source}: ")
    for beginning in (beginning for each in written.per_file_ignores.values() for beginning in each):
        _check(beginning, ids, f"{written.source}: ")
    for beginning in starts_of((*asked.select, *asked.ignore)):
        _check(beginning, ids, "")
    return Policy(
        written.folder,
        written.source.name if written.source is not None else "",
        starts_of(asked.select) or written.select,
        (*written.ignore, *starts_of(asked.ignore)),
        written.ignored_patterns,
        written.severity,
    )


def _check(beginning: str, ids: Iterable[str], where: str) -> None:
    """Refuse what no rule's id begins with. Raises BadSettings."""
    ids = list(ids)
    if not any(one.startswith(beginning) for one in ids):
        hint = did_you_mean(beginning, ids) or "; --list-rules shows them"
        raise BadSettings(f"{where}there is no rule {beginning!r}{hint}")


def _weakens(policy: Policy, rule: Rule) -> bool:
    return policy.severity_of(rule.id) is Severity.NOTE and rule.severity is not Severity.NOTE


def _as_toml(path: Path, written: Written, policy: Policy, settings: ReviewSettings) -> str:
    exclude = [pattern for one in written.exclude for pattern in one.patterns]
    exclude += [one for one in settings.exclude if isinstance(one, str)]
    ignores = written.per_file_ignores.items()
    lines = [
        f"# {path}: {_near(written.source) if written.source is not None else 'no file of settings'}",
        f"exclude = {json.dumps(exclude)}",
        f"frameworks = {json.dumps([str(_near(file)) for file in settings.additions.files if file.suffix == '.toml'])}",
        f"ignore = {json.dumps(policy.ignore)}",
        f"select = {json.dumps(policy.select)}",
        *(f"per-file-ignores.{json.dumps(one)} = {json.dumps(rules)}" for one, rules in ignores),
        *(f"severity.{rule} = {json.dumps(severity.name.lower())}" for rule, severity in policy.severities.items()),
    ]
    return "\n".join(lines) + "\n"


def _near(file: Path) -> Path:
    """Return a path as it is seen from here, where it is below."""
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
