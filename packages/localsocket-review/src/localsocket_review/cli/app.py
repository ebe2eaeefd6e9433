"""`localsocket-review`, which is `localsocket review` as well: reading other people's code, and saying what is so."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from typer.core import TyperCommand

from localsocket_review.cli import INTERRUPTED, commands, end_at_once
from localsocket_review.cli.commands import COULD_NOT_REVIEW, FailOn
from localsocket_review.cli.task import Task
from localsocket_review.report.forms import ReportFormat

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

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
        commands.settings_asked_for,
        own_rules,
        frameworks,
        select,
        ignore,
        exclude,
        config,
        isolated,
        [within] if within else paths,
    )
    if explain or list_rules or test_rules or show_settings:
        about = partial(commands.about_rules, wishes, explain, list_rules, show_settings, output_format)
        raise typer.Exit(_guarded(about, debug))
    if not paths:
        raise typer.BadParameter("name the files or trees to review, or a rule with --explain")
    if check_review is not None:
        work = partial(commands.check_review, check_review, paths, exclude or [], output_format, output, fail_on)
    elif fail_on is FailOn.REFUTED:
        raise typer.BadParameter("--fail-on refuted is for --check-review")
    else:
        if write_baseline is not None and (baseline is not None or diff or within):
            raise typer.BadParameter(
                "--write-baseline records everything that is found: leave out --baseline, --diff, --within"
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
        work = partial(commands.review, task, wishes, output_format, output, fail_on, no_cache, debug)
        if fix or show_fixes:
            work = partial(commands.fix, task, wishes, no_cache, then=None if show_fixes else work)
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
        raise typer.BadParameter("serving an editor needs pygls: pip install 'localsocket-review[lsp]'") from None
    server().start_io()
    return 0
