"""`localsocket stub`: what a service tells of itself as a Python module, for type checkers and editors."""

from __future__ import annotations

from typing import Annotated

from localsocket.cli.declaring import Option
from localsocket.cli.exit_status import CommandFailed
from localsocket.cli.options import Address, Allow, AnyUser, Timeout, Wait, client_of
from localsocket.cli.output import print_piece
from localsocket.deadlines import Deadline
from localsocket.tools.stub import stub_of


def stub(
    name: Address,
    timeout: Timeout = None,
    wait: Wait = False,
    any_user: AnyUser = False,
    allow: Allow = "",
    is_async: Annotated[bool, Option("--async", help="Write it for aio.Client, whose methods are awaited.")] = False,
) -> None:
    """Print a Python module with the types, errors and methods of a service, for Client.typed().

    Types become dataclasses and enumerations, methods those of a Protocol class.
    Importing the module never runs code that came from the service.
    """
    deadline = Deadline(timeout)
    with client_of(name, timeout, wait, any_user, allow) as client:
        text = stub_of(client.describe(timeout=deadline.remaining()), is_async=is_async)
    try:
        compile(text, "<stub>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise CommandFailed(f"the service's description cannot be written as a Python module: {error}") from error
    print_piece(text)


COMMANDS = {"stub": stub}
