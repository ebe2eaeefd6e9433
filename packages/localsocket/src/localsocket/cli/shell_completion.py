"""What a shell is given to complete with, and what it is answered when somebody presses the key."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence

from localsocket.cli.command_table import command_of, top_words
from localsocket.cli.declaring import Declared, Given
from localsocket.cli.exit_status import WrongUsage
from localsocket.cli.output import print_piece
from localsocket.cli.typed_words import HELP, is_option, taken_so_far

# Bash parts words at = and : as well, so it is told what comes behind the last of them.
_BASH = """\
_localsocket() {
    local IFS=$'\\n'
    COMPREPLY=($(_LOCALSOCKET_COMPLETE=bash COMP_LINE="$COMP_LINE" COMP_POINT="$COMP_POINT" localsocket))
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -o default -F _localsocket localsocket
"""
_ZSH = """\
#compdef localsocket
_localsocket() {
    local -a found
    found=("${(@f)$(_LOCALSOCKET_COMPLETE=words localsocket "${(@)words[2,CURRENT]}")}")
    if [[ -n "${found[1]}" ]]; then compadd -- "${found[@]}"; else _files; fi
}
compdef _localsocket localsocket
"""
_FISH = """\
function __localsocket_complete
    set -l before (commandline -opc)
    _LOCALSOCKET_COMPLETE=words localsocket $before[2..-1] (commandline -ct)
end
complete -c localsocket -a '(__localsocket_complete)'
"""
_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def print_script(words: Sequence[str]) -> None:
    """Print the script for the shell that is named behind --completion."""
    _, equals, shell = words[0].partition("=")
    rest = words[1:]
    if not equals and rest:
        shell, *rest = rest
    if rest or shell not in _SCRIPTS:
        raise WrongUsage(f"--completion takes one of {', '.join(_SCRIPTS)}, not {' '.join(words[1:]) or shell!r}")
    print_piece(_SCRIPTS[shell])


def answer_shell(words: Sequence[str]) -> None:
    """Print what may stand in place of the last word, a line each: of bash's line, or of these words."""
    cut = 0
    if os.environ["_LOCALSOCKET_COMPLETE"] == "bash":
        line = os.environ.get("COMP_LINE", "")[: int(os.environ.get("COMP_POINT", "0"))]
        words = _words(line)[1:]
        last = words[-1] if words else ""
        cut = 1 + max(last.rfind("="), last.rfind(":"))
    for word in completed(words):
        print_piece(f"{word[cut:]}\n")


def completed(words: Sequence[str]) -> list[str]:
    """Return what may stand in place of the last word."""
    *before, incomplete = words or ("",)
    if not before:
        return _fitting(top_words(), incomplete, hides_options=True)
    if (command := command_of(before[0])) is None:
        return []
    given, arguments, expecting = taken_so_far(command, before[1:])
    name, equals, value = incomplete.partition("=")
    if expecting is None and equals and (option := command.options.get(name)) is not None:
        return [f"{name}={each}" for each in _values(option, given, value)]
    if expecting is not None:
        return _values(expecting, given, incomplete)
    if is_option(incomplete) or incomplete in ("-", "--"):
        used = [each for name in given for option, each in command.options.items() if name == each.name]
        return _fitting(
            [name for name, each in command.options.items() if each not in used or each.is_list] + [*HELP], incomplete
        )
    if arguments < len(command.arguments):
        return _values(command.arguments[arguments], given, incomplete)
    return []


def _values(parameter: Declared, given: Given, incomplete: str) -> list[str]:
    if parameter.told.complete is not None:
        return parameter.told.complete(given, incomplete)
    return _fitting(parameter.choices, incomplete)


def _fitting(words: Sequence[str], incomplete: str, *, hides_options: bool = False) -> list[str]:
    return [
        word
        for word in words
        if word.startswith(incomplete) and not (hides_options and not incomplete and word.startswith("-"))
    ]


def _words(line: str) -> list[str]:
    """Return the words of a line as a shell reads them; the last is empty where it has not begun."""
    for closing in ("", "'", '"'):  # of a quote that may still be open
        try:
            words = shlex.split(line + closing)
        except ValueError:
            continue
        return [*words, ""] if not words or (not closing and line[-1:].isspace()) else words
    return []
