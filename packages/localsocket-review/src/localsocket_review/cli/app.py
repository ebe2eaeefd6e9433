"""`localsocket-review`, which is `localsocket review` as well: reading other people's code, and saying what is so."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO, cast

import typer
from rich.console import Console
from typer.core import TyperCommand

from localsocket_review.cli import INTERRUPTED, end_at_once
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

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


FOUND, COULD_NOT_REVIEW = 1, 2


class FailOn(StrEnum):
    SECURITY = "security"
    ANY = "any"
    NONE = "none"
    REFUTED = "refuted"  # of a checked review


_WORDS = {"explain": "--explain", "lsp": "--lsp", "test-rules": "--test-rules"}


# What a BadParameter is one of, as is an option that there is not; Typer does not export it.
_USAGE_ERROR = cast(type[typer.BadParameter], typer.BadParameter.__mro__[1])


@contextmanager
def _usage_in_one_line(ctx: Any) -> Iterator[None]:
    """Say what was typed wrong as every command here does, in one line, and end with 2."""
    try:
        yield
    except _USAGE_ERROR as error:
        said = error.format_message().removeprefix("Invalid value: ")
        program, _, _ = ctx.command_path.partition(" ")
        print(f"{program}: {' '.join(said.split())}", file=sys.stderr)
        raise typer.Exit(COULD_NOT_REVIEW) from None


@contextmanager
def _interruptible() -> Iterator[None]:
    """Have an interrupt raise within the block, which ends what is under way; outside it ends the program at once."""
    is_ours = signal.getsignal(signal.SIGINT) is end_at_once
    if is_ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    finally:
        if is_ours:
            signal.signal(signal.SIGINT, end_at_once)


class _ReviewCommand(TyperCommand):
    """The command, which may begin with a word in place of an option: `explain LS106`. A file of that name goes first.

    `--diff` beside `--fix` takes no revision: `--fix --diff` shows what would be repaired.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] in _WORDS and not Path(args[0]).exists():
            args = [_WORDS[args[0]], *args[1:]]
        if "--fix" in args:
            args = ["--show-fixes" if one == "--diff" else one for one in args]
        with _usage_in_one_line(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        with _interruptible(), _usage_in_one_line(ctx):
            return super().invoke(ctx)


@app.command(cls=_ReviewCommand, context_settings={"help_option_names": ["-h", "--help"]})
def review(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files and directories, reviewed as one program.")] = None,
    output_format: Annotated[
        ReportFormat, typer.Option("--format", help="For people: text, html, markdown; for programs: the others.")
    ] = (ReportFormat.TEXT),
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Leave out matching files, as in .gitignore: tests/, '*_pb2.py'."),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Show what is not in this baseline, and what is gone from it."),
    ] = None,
    write_baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the present findings there, for --baseline.")
    ] = None,
    diff: Annotated[
        str,
        typer.Option(metavar="REV", help="Show what is new and what is gone since this git revision, such as main."),
    ] = "",
    within: Annotated[
        Path | None,
        typer.Option(metavar="TREE", help="Review this directory as one program, but show only what concerns PATHS."),
    ] = None,
    fix: Annotated[
        bool,
        typer.Option(
            "--fix", help="Make the repairs that need no decision, and review again; with --diff, only show them."
        ),
    ] = False,
    show_fixes: Annotated[bool, typer.Option("--show-fixes", hidden=True)] = False,
    fail_on: Annotated[
        FailOn, typer.Option(help="What gives exit status 1: findings, or refuted claims.")
    ] = FailOn.SECURITY,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write the report to FILE, and print the verdict."),
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Review everything again, even if nothing has changed.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback if a rule or reader fails, for a bug report.")
    ] = False,
    explain: Annotated[
        str, typer.Option(metavar="RULE", help="Explain a rule, such as LS106, and review nothing.")
    ] = "",
    select: Annotated[
        list[str] | None,
        typer.Option(metavar="RULES", help="Run only these rules, by their ids or how these begin: LS106,LS2."),
    ] = None,
    ignore: Annotated[list[str] | None, typer.Option(metavar="RULES", help="Run all rules but these.")] = None,
    frameworks: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE.toml", help="Teach the reviewer the calls of another framework."),
    ] = None,
    own_rules: Annotated[
        list[Path] | None,
        typer.Option("--rules", metavar="PATH", help="Also run your own rules: a Python file, or a directory of them."),
    ] = None,
    report_unused_suppressions: Annotated[
        bool, typer.Option("--report-unused-suppressions", help="Report comments that no longer silence anything.")
    ] = False,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Use these settings instead of those that apply to each path.")
    ] = None,
    isolated: Annotated[bool, typer.Option("--isolated", help="Use only the settings on the command line.")] = (False),
    show_settings: Annotated[
        bool, typer.Option("--show-settings", help="Show the settings that apply to each path, and review nothing.")
    ] = False,
    lsp: Annotated[
        bool, typer.Option("--lsp", help="Serve an editor on standard input and output; needs the extra lsp.")
    ] = False,
    list_rules: Annotated[
        bool, typer.Option("--list-rules", help="List the rules that would run, and review nothing.")
    ] = False,
    test_rules: Annotated[
        bool,
        typer.Option(
            "--test-rules", help="Test your own rules against their VALID and INVALID programs, and review nothing."
        ),
    ] = False,
    check_review: Annotated[
        Path | None,
        typer.Option(
            metavar="REVIEW.txt",
            help="Check the claims of somebody's review against the code: text, Markdown, GitHub comments, SARIF. "
            "Exit status 1 if one is refuted.",
        ),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", help="Show the versions of the reviewer's parts, and review nothing.")
    ] = False,
) -> None:
    """Review code that uses local sockets: Python, C and C++, with or without Qt.

    The first line is the verdict on security, and says how much was read.
    Numbered findings follow, each with its place and its repair.

    Exit status: 0 when all was reviewed and there is nothing to fail on; 1 for
    findings to fail on among those shown, or for a comment that silences a rule
    without a reason; 2 when something could not be reviewed: nothing was read,
    a file that you named could not be read, a rule failed, or, without findings
    to fail on, a file found in a directory could not be read. --fail-on none
    never hides a 2.
    """
    if version:
        raise typer.Exit(_print_versions())
    if lsp:
        raise typer.Exit(_guarded(_serve_editor, debug))
    wishes = partial(
        _settings, own_rules, frameworks, select, ignore, exclude, config, isolated, [within] if within else paths
    )
    if explain or list_rules or test_rules or show_settings:
        about = partial(_about_rules, wishes, explain, list_rules, show_settings, output_format)
        raise typer.Exit(_guarded(about, debug))
    if not paths:
        raise typer.BadParameter("name the files or trees to review, or a rule with --explain")
    if check_review is not None:
        work = partial(_check_review, check_review, paths, exclude or [], output_format, output, fail_on)
    elif fail_on is FailOn.REFUTED:
        raise typer.BadParameter("--fail-on refuted is for --check-review")
    else:
        if write_baseline is not None and (baseline is not None or diff or within):
            raise typer.BadParameter(
                "--write-baseline writes all that is found: leave out --baseline, --diff, --within"
            )
        about_files = tuple(paths) if within else ()
        task = Task(
            (within,) if within else tuple(paths),
            about_files,
            baseline,
            diff,
            write_baseline,
            report_unused_suppressions,
        )
        work = partial(_review, task, wishes, output_format, output, fail_on, no_cache, debug)
        if fix or show_fixes:
            work = partial(_fix, task, wishes, no_cache, then=None if show_fixes else work)
    raise typer.Exit(_guarded(work, debug))


def _guarded(review: Callable[[], int], debug: bool) -> int:
    """Return the status of a review; one that fails must not have that of findings, as an exception would."""
    try:
        return review()
    except (typer.BadParameter, BrokenPipeError):
        raise
    except Exception as error:
        from localsocket_review.breakdown import HOW_TO_REPORT, described, whole_trace

        print(f"The review failed ({described(error)}): {HOW_TO_REPORT}.", file=sys.stderr)
        if debug:
            print(whole_trace(error), file=sys.stderr)
        return COULD_NOT_REVIEW


def _print_versions() -> int:
    """Print what a report of a fault needs to tell, as `localsocket --version` does."""
    import importlib.metadata
    import platform

    packages = ("localsocket-review", "tree-sitter", "tree-sitter-cpp", "tree-sitter-python")
    told = {name: importlib.metadata.version(name) for name in packages}
    told[platform.python_implementation()] = platform.python_version()
    print("\n".join(f"{name} {version}" for name, version in told.items()))
    return 0


def _serve_editor() -> int:
    try:
        from localsocket_review.cli.lsp.server import server
    except ModuleNotFoundError as error:
        if error.name not in ("lsprotocol", "pygls"):
            raise
        raise typer.BadParameter("an editor is served by pygls: pip install 'localsocket-review[lsp]'") from None
    server().start_io()
    return 0


def _settings(
    own_rules: list[Path] | None,
    frameworks: list[Path] | None,
    select: list[str] | None,
    ignore: list[str] | None,
    exclude: list[str] | None,
    config: Path | None,
    isolated: bool,
    paths: Sequence[Path] | None,
) -> ReviewSettings:
    from localsocket_review.cli.settings import BadSettings, Wishes, settings_of

    if isolated and config is not None:
        raise typer.BadParameter("--isolated takes no settings, and --config names some")
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


def _about_rules(
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
        raise typer.BadParameter("there are no rules of your own: name some by --rules, or install a package of them")
    outcomes = outcomes_of(own, settings.additions.tables)
    if output_format is ReportFormat.JSON:
        sys.stdout.write(outcomes_as_json(outcomes))
    else:
        print_outcomes(outcomes, Console())
    if settings.additions.broken:
        return COULD_NOT_REVIEW
    return FOUND if any(one.fault for one in outcomes) else 0


def _review(
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


def _fix(task: Task, wishes: Callable[[], ReviewSettings], no_cache: bool, then: Callable[[], int] | None) -> int:
    """Repair and return the status of the review `then`, or without one show the changes: 1 if there are any."""
    from localsocket_review.baseline import BadBaseline
    from localsocket_review.cache import ReportCache, default_directory
    from localsocket_review.cli.fixing import Changed, changes, print_repairs, repairs_for, write
    from localsocket_review.reading.collecting import NothingToRead
    from localsocket_review.revisions import NoRevision

    if task.new_baseline is not None:
        raise typer.BadParameter("--write-baseline writes down what is found as it is: leave out --fix")
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


def _check_review(
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
            f"a checked review is given as text, json, markdown or sarif, and not as {output_format}"
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
