"""What was typed behind a command's name, read by what the command declares."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from typing import Any

from localsocket.cli.declaring import Command, Declared
from localsocket.cli.exit_status import WrongUsage
from localsocket.cli.plain_text import json_text
from localsocket.keywords import similar_names

HELP = ("-h", "--help")

_OPTION = re.compile(r"-[^\d.].*|-\d*[^\d.eE].*", re.DOTALL)  # and so not -5, -.5 or -


def is_option(word: str) -> bool:
    """Return whether a word is an option rather than an argument, such as a negative number."""
    return word != "--" and _OPTION.fullmatch(word) is not None


def wants_help(words: Sequence[str]) -> bool:
    """Return whether help is asked for, anywhere before `--`."""
    before = words[: words.index("--")] if "--" in words else words
    return any(word in HELP for word in before)


def similar_options(name: str, options: Sequence[str]) -> list[str]:
    """Return the options that `name` may have been meant to be; the hyphens are alike in all of them."""
    spelled, word = {option.lstrip("-"): option for option in options}, name.lstrip("-")
    longer = [each for each in spelled if each.startswith(word)] if len(word) > 1 else []
    return [spelled[each] for each in longer or similar_names(word, spelled)]


def parse(command: Command, words: Sequence[str]) -> dict[str, Any]:
    """Return the values of the function's parameters, without those that were not typed. Raises WrongUsage."""
    given: dict[str, Any] = {}
    arguments: list[str] = []
    left = deque(words)
    while left:
        word = left.popleft()
        if word == "--":
            arguments += left
            break
        if is_option(word):
            _take_option(command, word, left, given)
        else:
            arguments.append(word)
    _take_arguments(command, arguments, given)
    return given


def _take_option(command: Command, word: str, left: deque[str], given: dict[str, Any]) -> None:
    name, equals, text = word.partition("=")
    option = command.options.get(name)
    if option is None:
        raise WrongUsage(_no_option(command, word, name))
    if option.is_flag:
        if equals:
            raise WrongUsage(f"{name} takes no value, but was given {text!r}")
        given[option.name] = True
        return
    if not equals:
        if not left or left[0].partition("=")[0] in command.options:
            follows = f", but {left[0]} follows" if left else ""
            raise WrongUsage(f"{name} takes {option.metavar}{follows}")
        text = left.popleft()
    value = option.value(text)
    if option.is_list:
        given.setdefault(option.name, []).append(value)
    elif option.name in given:
        raise WrongUsage(f"{name} was given twice")
    else:
        given[option.name] = value


def _no_option(command: Command, word: str, name: str) -> str:
    similar = similar_options(name, [*command.options, *HELP])
    said = f"'localsocket {command.name}' has no option {name}"
    if similar:
        return f"{said}; did you mean {' or '.join(similar)}?"
    if any(each.told.is_json for each in command.arguments):
        return f"{said}; if it is an argument, write it as JSON: '{json_text(word)}'"
    if any(each.is_list for each in command.arguments):
        return f"{said}; if it is an argument, write -- before it"
    return f"{said}; see localsocket {command.name} --help"


def _take_arguments(command: Command, texts: list[str], given: dict[str, Any]) -> None:
    left = deque(texts)
    for argument in command.arguments:
        if argument.is_list:
            given[argument.name] = [argument.value(text) for text in left]
            left.clear()
        elif left:
            given[argument.name] = argument.value(left.popleft())
        elif argument.is_required:
            raise WrongUsage(f"{argument.metavar} is missing: {command.usage}")
    if left:
        raise WrongUsage(f"{left[0]!r} is one argument too many: {command.usage}")


def taken_so_far(command: Command, words: Sequence[str]) -> tuple[dict[str, Any], int, Declared | None]:
    """Return what whole words give, how many arguments they are, and the option whose value comes next.

    For completion: what does not fit is passed over.
    """
    given: dict[str, Any] = {}
    arguments = 0
    expecting: Declared | None = None
    for word in words:
        if expecting is not None:
            given[expecting.name], expecting = word, None
        elif is_option(word):
            option = command.options.get(word)
            if option is not None and option.is_flag:
                given[option.name] = True
            elif option is not None:
                expecting = option
        elif arguments < len(command.arguments):
            given[command.arguments[arguments].name] = word
            arguments += not command.arguments[arguments].is_list
    return given, arguments, expecting
