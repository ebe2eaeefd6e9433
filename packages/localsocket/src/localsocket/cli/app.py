"""The way from what was typed to the function that does it."""

from __future__ import annotations

from collections.abc import Sequence

from localsocket.cli import collect_from_here
from localsocket.cli.command_table import COMMANDS, GROUPS, command_of, top_words
from localsocket.cli.commands_of_packages import summaries_of_packages, try_command_of_package
from localsocket.cli.exit_status import WrongUsage, ending_with_a_status, interruptible
from localsocket.cli.output import print_piece
from localsocket.cli.typed_words import HELP, parse, similar_options, wants_help
from localsocket.keywords import similar_names

_ABOUT = "Local servers and sockets: tools for programs on one machine that talk to each other."


_TOP_OPTIONS = {
    "--version": "Show the versions of localsocket, Python and the packages it uses.",
    "--completion SHELL": "Print a script that makes bash, zsh or fish complete names, methods and options.",
    "-h, --help": "Show this, or the help of a command.",
}


def run(words: Sequence[str]) -> None:
    """Do what was typed behind `localsocket`, and end with its exit status unless that is 0."""
    with ending_with_a_status():
        if not words or words[0] in HELP:
            print_piece(_help())
        elif words[0] == "--version":
            from localsocket.cli.versions import print_versions

            print_versions()
        elif words[0].partition("=")[0] == "--completion":
            from localsocket.cli.shell_completion import print_script

            print_script(words)
        else:
            _run_command(words[0], words[1:])


def _run_command(name: str, words: Sequence[str]) -> None:
    if (command := command_of(name)) is not None:
        if wants_help(words):
            from localsocket.cli.help_text import help_of

            print_piece(help_of(command))
        else:
            given = parse(command, words)
            collect_from_here()
            with interruptible():
                command.function(**given)
    elif not try_command_of_package(name, words):
        raise WrongUsage(_no_command(name, words))


def _no_command(name: str, words: Sequence[str]) -> str:
    if not name.startswith("-"):
        similar = similar_names(name, top_words())
        return f"there is no command {name!r}; " + (
            f"did you mean {' or '.join(map(repr, similar))}?" if similar else "localsocket --help lists them"
        )
    for word in words:
        command = command_of(word)
        if command is not None and name.partition("=")[0] in command.options:
            return f"options go after the command: localsocket {word} {name}"
    similar = similar_options(name, ["--version", "--completion", *HELP])
    advice = f"did you mean {' or '.join(similar)}?" if similar else "localsocket --help lists them"
    return f"there is no option {name}; {advice}"


def _help() -> str:
    from localsocket.cli.help_text import columns, wrapped

    groups = [
        columns(title, [(name, entry.summary) for name, entry in group.items()]) for title, group in GROUPS.items()
    ]
    parts = [
        wrapped("Usage: localsocket COMMAND [ARGUMENT]... [OPTION]...", indent=7),
        wrapped(_ABOUT),
        *groups,
        columns("From other packages", summaries_of_packages(COMMANDS)),
        columns("Options", _TOP_OPTIONS.items()),
        wrapped("localsocket COMMAND --help shows the arguments and options of a command."),
    ]
    return "\n\n".join(parts) + "\n"
