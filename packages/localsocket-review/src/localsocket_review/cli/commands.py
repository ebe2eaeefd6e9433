"""What the command line does once its options are read. Each command returns its exit status."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer
from rich.console import Console

from localsocket_review.cli.progress import LateProgress
from localsocket_review.cli.task import Task
from localsocket_review.report.forms import ReportFormat

if TYPE_CHECKING:
    from localsocket_review.claims.checking import CheckedReview
    from localsocket_review.cli.settings import ReviewSettings
    from localsocket_review.findings import Finding
    from localsocket_review.repairs.edits import Repair
    from localsocket_review.report.report import Report
    from localsocket_review.rules.rule import Rule

FOUND, COULD_NOT_REVIEW = 1, 2


class FailOn(StrEnum):
    """What gives exit status 1."""

    SECURITY = "security"
    ANY = "any"
    NONE = "none"
    REFUTED = "refuted"  # of a checked review


def settings_asked_for(
    own_rules: list[Path] | None,
    frameworks: list[Path] | None,
    select: list[str] | None,
    ignore: list[str] | None,
    exclude: list[str] | None,
    config: Path | None,
    isolated: bool,
    paths: Sequence[Path] | None,
) -> ReviewSettings:
    """Return the settings that apply to the paths, with what was asked for on the command line."""
    from localsocket_review.cli.settings import BadSettings, Wishes, settings_of

    if isolated and config is not None:
        raise typer.BadParameter("--isolated takes no settings, but --config names some")
    asked = Wishes(
        tuple(frameworks or ()),
        tuple(own_rules or ()),
        tuple(select or ()),
        tuple(ignore or ()),
        tuple(exclude or ()),
        config,
        isolated,
    )
    try:
        return settings_of(asked, paths or [Path.cwd()])
    except BadSettings as error:
        raise typer.BadParameter(str(error)) from None


def about_rules(
    wishes: Callable[[], ReviewSettings], explained: str, is_list: bool, is_showing: bool, output_format: ReportFormat
) -> int:
    """Do what is to be done with the rules and settings themselves."""
    settings = wishes()
    if is_showing:
        print(settings, end="")
        return 0
    if explained:
        _explain(explained, settings)
        return 0
    if is_list:
        return _list_rules(settings, output_format)
    return _test_rules(settings, output_format)


def _explain(rule_id: str, settings: ReviewSettings) -> None:
    from localsocket_review.report.explaining import explain

    rules = {rule.id: rule for rule in settings.rules}
    rule = rules.get(rule_id.upper())
    if rule is None:
        raise typer.BadParameter(f"there is no rule {rule_id!r}; there are {', '.join(rules)}")
    explain(rule, Console())


def _list_rules(settings: ReviewSettings, output_format: ReportFormat) -> int:
    from localsocket_review.report.listing import list_rules, rules_as_json

    if output_format is ReportFormat.JSON:
        sys.stdout.write(rules_as_json(settings.rules))
    else:
        list_rules(settings.rules, Console())
    return 0


def _test_rules(settings: ReviewSettings, output_format: ReportFormat) -> int:
    """Return 1 where a program is not answered as it should be, and 2 where there is nothing to test."""
    from localsocket_review.cli.testing_rules import outcomes_as_json, print_outcomes
    from localsocket_review.rule_testing import outcomes_of

    for failure in settings.additions.broken:
        print(f"{failure.what}, {failure.why}", file=sys.stderr)
    own = [one for one in settings.own if one.rule in settings.rules]
    if not own and not settings.additions.broken:
        raise typer.BadParameter("you have no rules of your own: name some with --rules, or install a package of them")
    outcomes = outcomes_of(own, settings.additions.tables)
    if output_format is ReportFormat.JSON:
        sys.stdout.write(outcomes_as_json(outcomes))
    else:
        print_outcomes(outcomes, Console())
    if settings.additions.broken:
        return COULD_NOT_REVIEW
    return FOUND if any(one.fault for one in outcomes) else 0


def review(
    task: Task,
    wishes: Callable[[], ReviewSettings],
    output_format: ReportFormat,
    output: Path | None,
    fail_on: FailOn,
    no_cache: bool,
    debug: bool,
) -> int:
    from localsocket_review.baseline import BadBaseline
    from localsocket_review.cache import ReportCache, default_directory
    from localsocket_review.cli.reviewing import reviewed, words_about_baseline
    from localsocket_review.reading.collecting import NothingToRead
    from localsocket_review.revisions import NoRevision

    settings = wishes()
    cache = None if no_cache else ReportCache(default_directory())
    try:
        with LateProgress(Console(stderr=True)) as progress:
            report = reviewed(task, settings, cache, progress)
    except (BadBaseline, NoRevision, NothingToRead) as error:
        raise typer.BadParameter(str(error)) from None
    except OSError as error:
        if task.new_baseline is None or error.filename != str(task.new_baseline):
            raise
        raise typer.BadParameter(f"cannot write {task.new_baseline}: {error.strerror}") from None
    for trace in report.traces if debug else ():
        print(trace, file=sys.stderr)
    if task.new_baseline is not None:
        print(words_about_baseline(task.new_baseline))
        return COULD_NOT_REVIEW if report.fell_short else 0
    with _opened(output) as file:
        _write(report, settings.rules, output_format, file)
    if output is not None:
        print(report.verdict)
    return _status(report, fail_on)


def fix(task: Task, wishes: Callable[[], ReviewSettings], no_cache: bool, then: Callable[[], int] | None) -> int:
    """Repair and return the status of the review `then`, or without one show the changes: 1 if there are any."""
    from localsocket_review.baseline import BadBaseline
    from localsocket_review.cache import ReportCache, default_directory
    from localsocket_review.cli.fixing import Changed, changes, print_repairs, repairs_for, write
    from localsocket_review.reading.collecting import NothingToRead
    from localsocket_review.revisions import NoRevision

    if task.new_baseline is not None:
        raise typer.BadParameter("--write-baseline records the findings as they are: leave out --fix")
    settings = wishes()
    cache = None if no_cache else ReportCache(default_directory())
    try:
        with LateProgress(Console(stderr=True)) as progress:
            done = repairs_for(task, settings, cache, progress)
        if then is None:
            sys.stdout.write(changes(done))
            return FOUND if done.contents else 0
        write(done)
    except (BadBaseline, Changed, NoRevision, NothingToRead) as error:
        raise typer.BadParameter(str(error)) from None
    print_repairs(done, Console(stderr=True))
    return then()


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    """Open what the report goes to, which holds whatever characters the code has."""
    if output is None:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        yield sys.stdout
        sys.stdout.flush()
        return
    try:
        with output.open("w", encoding="utf-8", errors="backslashreplace") as file:
            yield file
    except OSError as error:
        raise typer.BadParameter(f"cannot write {output}: {error.strerror}") from None


def _write(report: Report, rules: Sequence[Rule], output_format: ReportFormat, file: TextIO) -> None:
    from localsocket_review.report.forms import written

    if output_format is ReportFormat.TEXT:
        from localsocket_review.report.as_text import print_report

        print_report(report, Console(file=file))
    else:
        file.write(written(report, output_format, rules, Path.cwd(), _proposals(report, output_format)))


def _proposals(report: Report, output_format: ReportFormat) -> Mapping[Finding, Repair]:
    """Return the repairs that are proposed in a form that has a place for them."""
    if output_format is not ReportFormat.SARIF:
        return {}
    from localsocket_review.repairing import proposals

    return proposals(report.findings)


def check_review(
    written: Path,
    paths: list[Path],
    exclude: list[str],
    output_format: ReportFormat,
    output: Path | None,
    fail_on: FailOn,
) -> int:
    from localsocket_review.claims.checking import check_review
    from localsocket_review.claims.claim import Verdict
    from localsocket_review.claims.structured import NotAReview
    from localsocket_review.reading.collecting import NothingToRead, survey

    if output_format not in (ReportFormat.TEXT, ReportFormat.JSON, ReportFormat.MARKDOWN, ReportFormat.SARIF):
        raise typer.BadParameter(
            f"a checked review is written as text, json, markdown or sarif, not as {output_format}"
        )
    try:
        text = written.read_text(encoding="utf-8", errors="replace")
        checked: CheckedReview = check_review(text, survey(paths, exclude).files)
    except (NothingToRead, NotAReview, OSError) as error:
        raise typer.BadParameter(str(error)) from None
    with _opened(output) as file:
        _write_checked(checked, output_format, file)
    if output is not None:
        print(checked.summary)
    return int(fail_on is not FailOn.NONE and bool(checked.of(Verdict.REFUTED)))


def _write_checked(checked: CheckedReview, output_format: ReportFormat, file: TextIO) -> None:
    from localsocket_review.claims.as_json import json_of_checked
    from localsocket_review.claims.as_markdown import markdown_of_checked
    from localsocket_review.claims.as_sarif import sarif_of_checked
    from localsocket_review.claims.as_text import print_checked

    match output_format:
        case ReportFormat.JSON:
            file.write(json_of_checked(checked))
        case ReportFormat.MARKDOWN:
            file.write(markdown_of_checked(checked))
        case ReportFormat.SARIF:
            file.write(sarif_of_checked(checked))
        case _:
            print_checked(checked, Console(file=file))


def _status(report: Report, fail_on: FailOn) -> int:
    """Return the exit status, as the help of the command tells it."""
    if report.fell_short:
        return COULD_NOT_REVIEW
    if _fails(report, fail_on):
        return FOUND
    return 0 if report.is_complete else COULD_NOT_REVIEW


def _fails(report: Report, fail_on: FailOn) -> bool:
    return {
        FailOn.SECURITY: bool(report.security_defects or report.bad_suppressions),
        FailOn.ANY: bool(report.findings),
        FailOn.NONE: False,
    }[fail_on]
