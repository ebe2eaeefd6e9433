"""`localsocket describe`, `call` and `subscribe`: services, used from a shell."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import msgspec
import typer

from localsocket.blocking.pending_call import Stream
from localsocket.cli.completing import complete_method, complete_topic
from localsocket.cli.exit_status import CommandFailed, ExitStatus, ending_with_a_status
from localsocket.cli.options import (
    Address,
    Allow,
    AnyUser,
    AsJson,
    Timeout,
    Wait,
    client_of,
    timeout_option,
)
from localsocket.cli.output import print_json, print_raw, print_value
from localsocket.cli.plain_text import json_text
from localsocket.deadlines import Deadline
from localsocket.errors import BadArguments

_OPTION_LIKE = re.compile(r"--?[A-Za-z]")

Raw = Annotated[bool, typer.Option("--raw", help="Texts without quotes, and bytes as they are.")]


def call(
    name: Address,
    method: Annotated[
        str,
        typer.Argument(
            metavar="METHOD", help="The name of the method.", autocompletion=complete_method, show_default=False
        ),
    ],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="JSON", help="Its arguments; what is no JSON is a text.", show_default=False),
    ] = None,
    named: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="PARAMETER=JSON", help="An argument by its name.", show_default=False),
    ] = None,
    timeout: Timeout = None,
    wait: Wait = False,
    any_user: AnyUser = False,
    allow: Allow = "",
    as_json: AsJson = False,
    raw: Raw = False,
) -> None:
    """Call a method of a service and print what it gives as JSON, or each item of a stream on a line.

    Arguments are JSON: 5, true, null, '[1, 2]', '{"a": 1}'. What is no JSON is a text: hello.
    A text that would be JSON, or begins with a hyphen, is written as JSON: '"5"', '"-x"'.
    Bytes are base64, in arguments and in results.
    """
    with ending_with_a_status():
        _check_form(as_json, raw)
        values = [_argument(text) for text in arguments or ()]
        values_by_name = dict(_named_argument(text) for text in named or ())
        deadline = Deadline(timeout)
        advising = _telling_how_texts_are_written([*values, *values_by_name.values()])
        with client_of(name, timeout, wait, any_user, allow) as client, advising:
            result = client.call(method, *values, timeout=deadline.remaining(), **values_by_name)
            if isinstance(result, Stream):
                with result:
                    for item in result:
                        _print(item, as_json, raw)
            else:
                _print(result, as_json, raw, indent=2)


def subscribe(
    name: Address,
    topic: Annotated[
        str,
        typer.Argument(
            metavar="TOPIC", help="The name of the topic.", autocompletion=complete_topic, show_default=False
        ),
    ],
    count: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="End after so many messages.", show_default=False)
    ] = None,
    timeout: Annotated[
        float | None, timeout_option("Give up, with exit status 4, when no message comes for so long.")
    ] = None,
    wait: Wait = False,
    any_user: AnyUser = False,
    allow: Allow = "",
    as_json: AsJson = False,
    raw: Raw = False,
) -> None:
    """Print what is published on a topic of a service, each message as JSON on a line, until interrupted."""
    with ending_with_a_status():
        _check_form(as_json, raw)
        with (
            client_of(name, timeout, wait, any_user, allow) as client,
            client.subscribe(topic, timeout=timeout) as messages,
        ):
            received = 0
            while received != count:
                _print(messages.receive(timeout=timeout), as_json, raw)
                received += 1


@contextmanager
def _telling_how_texts_are_written(values: list[Any]) -> Iterator[None]:
    """Add to the error about the arguments that a text such as 5 was sent as a number, where there is one."""
    try:
        yield
    except BadArguments as error:
        if all(isinstance(value, (str, list, dict)) for value in values):
            raise
        advice = "a text that is JSON as well is written as JSON: '\"5\"'"
        raise CommandFailed(f"{error}; {advice}", ExitStatus.FAILED) from error


def _check_form(as_json: bool, raw: bool) -> None:
    if as_json and raw:
        raise CommandFailed("--json and --raw exclude each other", ExitStatus.USAGE)


def _argument(text: str) -> Any:
    if _OPTION_LIKE.match(text):
        raise CommandFailed(
            f"there is no option {text}; if it is an argument, write it as JSON: '{json_text(text)}'", ExitStatus.USAGE
        )
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return text


def _named_argument(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise CommandFailed(f"--with takes PARAMETER=JSON, not {text!r}", ExitStatus.USAGE)
    if name == "timeout":
        raise CommandFailed("a parameter called timeout can only be given by its place", ExitStatus.USAGE)
    return name, _argument(value)


def _print(value: object, as_json: bool, raw: bool, *, indent: int | None = None) -> None:
    if raw and isinstance(value, bytes):
        print_raw(value)
    elif raw and isinstance(value, str):
        print_raw(f"{value}\n".encode())
    elif as_json or not sys.stdout.isatty():
        print_json(json_text(value))
    else:
        print_value(json_text(value, indent=indent))
