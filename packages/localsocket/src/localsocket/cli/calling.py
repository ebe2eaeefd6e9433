"""`localsocket describe`, `call` and `subscribe`: services, used from a shell."""

from __future__ import annotations

import itertools
from typing import Annotated, Any, NamedTuple

from localsocket.blocking.client import Client
from localsocket.blocking.pending_call import Stream
from localsocket.cli.arguments import TypedArgument, checked, typed_arguments, unchecked
from localsocket.cli.completing import complete_argument, complete_method, complete_topic
from localsocket.cli.declaring import Argument, Option
from localsocket.cli.exit_status import WrongUsage
from localsocket.cli.options import (
    Address,
    Allow,
    AnyUser,
    AsJson,
    Protocol,
    Start,
    Timeout,
    Wait,
    Watch,
    client_of,
    timeout_option,
)
from localsocket.cli.results import ResultPrinter
from localsocket.cli.schema_checking import SchemaChecker
from localsocket.cli.watching import again, time_for_turn
from localsocket.deadlines import Deadline
from localsocket.errors import BadResult, CallFailed, NoSuchMethod
from localsocket.services.description import MethodDescription
from localsocket.services.json_schema_document import definitions

Raw = Annotated[bool, Option("--raw", help="Print strings without quotes, and bytes unchanged.")]


def call(
    name: Address,
    method: Annotated[
        str,
        Argument(
            metavar="METHOD",
            help="The name of the method.",
            complete=complete_method,
        ),
    ],
    arguments: Annotated[
        list[str] | None,
        Argument(
            metavar="ARGUMENT",
            help="JSON, or a string; PARAMETER=VALUE; PARAMETER:=JSON; @FILE; - for the standard input.",
            is_json=True,
            complete=complete_argument,
        ),
    ] = None,
    named: Annotated[
        list[str] | None,
        Option("--with", metavar="PARAMETER=JSON", help="Pass an argument by name."),
    ] = None,
    protocol: Protocol = "localsocket",
    more: Annotated[bool, Option("--more", help="With varlink: ask for a stream.")] = False,
    timeout: Timeout = None,
    wait: Wait = False,
    start: Start = "",
    any_user: AnyUser = False,
    allow: Allow = "",
    as_json: AsJson = False,
    raw: Raw = False,
    watch: Watch = None,
) -> None:
    """Call a method of a service and print the result as JSON, a stream as one item per line.

    Arguments are JSON: 5, true, null, '[1, 2]', '{"a": 1}'. What is not valid JSON is passed as a string: hello.
    PARAMETER=VALUE passes an argument by name, read according to its type: a string is taken literally.
    PARAMETER:=JSON is always JSON. @FILE, also after = and :=, is the contents of a file, and - is standard input.
    A string that begins with a hyphen or @, or looks like name=value, has to be written as JSON: '"-x"'.
    Bytes are base64, in arguments and in results; from a file they are taken unchanged.

    Arguments are checked before they are sent; one that does not fit gives exit status 2.
    With varlink, pass them by name or as one JSON object; the service checks them.
    """
    printer = ResultPrinter(as_json, raw)
    if more and protocol != "varlink":
        raise WrongUsage("--more is for --protocol varlink: our own protocol streams without it")
    given = typed_arguments(arguments or (), named or ())
    deadline = Deadline(timeout)
    with client_of(name, timeout, wait, any_user, allow, protocol, start) as client:
        described = None if protocol == "varlink" else _description(client, method, deadline)
        if described is not None:
            values, values_by_name = checked(given, described.method, described.checker)
        elif protocol == "varlink":
            values, values_by_name = _varlink_arguments(given)
        else:
            values, values_by_name = unchecked(given)
        ask = client.stream if more else client.call
        for _ in again(watch):
            result = ask(method, *values, timeout=time_for_turn(deadline, timeout, watch), **values_by_name)
            if isinstance(result, Stream):
                with result:
                    printer.items(result, described.method.returns if described is not None else "")
            else:
                printer.result(result)


def subscribe(
    name: Address,
    topic: Annotated[
        str,
        Argument(
            metavar="TOPIC",
            help="The name of the topic.",
            complete=complete_topic,
        ),
    ],
    count: Annotated[int | None, Option(metavar="N", minimum=1, help="Stop after N messages.")] = None,
    timeout: Annotated[
        float | None, timeout_option("Give up, with exit status 4, if no message comes for this time.")
    ] = None,
    wait: Wait = False,
    any_user: AnyUser = False,
    allow: Allow = "",
    as_json: AsJson = False,
    raw: Raw = False,
) -> None:
    """Print what is published on a topic of a service, each message as JSON on a line, until interrupted."""
    printer = ResultPrinter(as_json, raw)
    with (
        client_of(name, timeout, wait, any_user, allow) as client,
        client.subscribe(topic, timeout=timeout) as messages,
    ):
        turns = itertools.count() if count is None else range(count)
        printer.items(messages.receive(timeout=timeout) for _ in turns)


class _Described(NamedTuple):
    method: MethodDescription
    checker: SchemaChecker


def _description(client: Client, method: str, deadline: Deadline) -> _Described | None:
    """Return what the service says of the method, and None where it says nothing."""
    try:
        description = client.describe(timeout=deadline.remaining())
    except (BadResult, CallFailed, NoSuchMethod):
        return None
    for each in description.methods:
        if each.name == method:
            return _Described(each, SchemaChecker(definitions(description)))
    return None


def _varlink_arguments(given: list[TypedArgument]) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments, which may be one object as varlinkctl takes them."""
    values, values_by_name = unchecked(given)
    if len(values) == 1 and isinstance(values[0], dict):
        return [], {**values[0], **values_by_name}
    return values, values_by_name


COMMANDS = {"call": call, "subscribe": subscribe}
