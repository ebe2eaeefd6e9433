"""Options that several commands share: the same words mean the same everywhere."""

from __future__ import annotations

import pwd
import re
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias, cast

from localsocket.cli.completing import complete_address
from localsocket.cli.declaring import Argument, Option
from localsocket.cli.exit_status import WrongUsage
from localsocket.endpoint.credentials import ANY_USER, SAME_USER, AllowedUsers
from localsocket.services.protocols import PROTOCOLS, ProtocolName, check_protocols

if TYPE_CHECKING:
    from localsocket.blocking.client import Client


def timeout_option(help_text: str) -> Option:
    """Return the option --timeout of a command, for Annotated."""
    return Option(metavar="SECONDS", minimum=0, help=help_text)


def positive_seconds(seconds: float | None) -> float | None:
    """Refuse 0 as well, and less: nobody could connect in time."""
    if seconds is not None and not seconds > 0:
        raise WrongUsage(f"{seconds} is not a usable time: it must be more than 0")
    return seconds


Address: TypeAlias = Annotated[
    str,
    Argument(
        metavar="NAME",
        help="A name, or a path (/run/x.sock, ./x.sock), @abstract, qt:name, or nats://host/name.",
        complete=complete_address,
    ),
]
Timeout: TypeAlias = Annotated[float | None, timeout_option("Give up after this time, with exit status 4.")]
Wait: TypeAlias = Annotated[bool, Option("--wait", help="Wait for a server that has not started yet.")]
AnyUser: TypeAlias = Annotated[
    bool, Option("--any-user", help="Accept any user at the other end; by default only you and root.")
]
Allow: TypeAlias = Annotated[
    str,
    Option(
        "--allow",
        metavar="USER,...",
        help="Accept only these users at the other end, by name or uid.",
    ),
]
Mode: TypeAlias = Annotated[
    str,
    Option(
        metavar="OCTAL",
        help="Permissions of the socket file; by default 600, or 666 if other users are allowed.",
    ),
]
Protocol: TypeAlias = Annotated[
    Literal["localsocket", "varlink"],
    Option("--protocol", help="The protocol to speak; with varlink you can call other programs' services too."),
]
Protocols: TypeAlias = Annotated[
    str,
    Option(
        "--protocols",
        metavar="PROTOCOL,...",
        help=f"Speak only these of {', '.join(PROTOCOLS)}; by default, what the service speaks.",
    ),
]
Start: TypeAlias = Annotated[
    str,
    Option(
        "--start",
        metavar="MODULE:SERVICE",
        help="If the service is not running, start this one in the background.",
    ),
]
IdleTimeout: TypeAlias = Annotated[
    float | None,
    Option(
        "--idle-timeout",
        metavar="SECONDS",
        help="Stop when nobody has been connected for this long.",
        check=positive_seconds,
    ),
]
AsJson: TypeAlias = Annotated[
    bool, Option("--json", help="For programs: print one JSON document per line; for a stream, one line per item.")
]
Watch: TypeAlias = Annotated[
    float | None, Option(metavar="SECONDS", minimum=0.1, help="Repeat at this interval until interrupted.")
]


def allowed_users(any_user: bool, allow: str = "") -> AllowedUsers:
    """Return who the other end may be, by --any-user and --allow."""
    if any_user and allow:
        raise WrongUsage("--any-user and --allow cannot be combined: give one of them")
    if allow:
        return [_uid(user) for user in allow.split(",")]
    return ANY_USER if any_user else SAME_USER


def chosen_protocols(text: str) -> tuple[ProtocolName, ...] | None:
    """Return what --protocols says, or None where it is not given."""
    if not text:
        return None
    try:
        return check_protocols(cast(list[ProtocolName], [name.strip() for name in text.split(",")]))
    except ValueError as error:
        raise WrongUsage(str(error)) from None


def file_mode(text: str) -> int | None:
    """Return what --mode says, such as 660, or None where it is not given."""
    if not text:
        return None
    if not re.fullmatch(r"(0o)?[0-7]{1,4}", text) or int(text, 8) > 0o777:
        raise WrongUsage(f"{text!r} is not a mode: write permission bits as chmod takes them, such as 660")
    return int(text, 8)


def _uid(user: str) -> int:
    if user.isascii() and user.isdecimal():
        return int(user)
    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        raise WrongUsage(f"there is no user {user!r}; write names or uids, separated by commas") from None


def owner_name(uid: int | None) -> str | None:
    """Return what a user is called, or the number of one without an account; None of one that is not known."""
    if uid is None:
        return None
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def connect_timeout(timeout: float | None, wait: bool) -> float | None:
    """Return how long connecting may take: who waits for a server waits for ever, unless told otherwise."""
    from localsocket.sockets.connector import CONNECT_TIMEOUT

    return CONNECT_TIMEOUT if timeout is None and not wait else timeout


def address_without_secret(address: str) -> str:
    """Return the address; refuse a password in it, which every user sees in the list of processes."""
    scheme, _, rest = address.partition("://")
    if scheme == "nats" and "@" in rest.partition("/")[0]:
        raise WrongUsage(
            "every user of this machine can see a password on the command line: name a credentials file, as in "
            "nats://host/name?creds=FILE, or an nkey seed file, as in ?nkey=FILE"
        )
    return address


def client_of(
    name: str,
    timeout: float | None,
    wait: bool,
    any_user: bool,
    allow: str,
    protocol: Literal["localsocket", "varlink"] = "localsocket",
    start: str = "",
) -> Client:
    """Return a client of a service; `start` is the MODULE:SERVICE that is started where nobody serves."""
    from localsocket.blocking.client import Client  # most of what a command loads
    from localsocket.services.limits import NO_DESCRIPTORS

    daemon = None
    if start:
        from localsocket.cli.daemons import daemon_of  # and what starts programs

        daemon = daemon_of(start, name)

    return Client(
        address_without_secret(name),
        timeout=connect_timeout(timeout, wait),
        wait_for_server=wait,
        allow_server=allowed_users(any_user, allow),
        protocol=protocol,
        start=daemon,
        limits=NO_DESCRIPTORS,
        wait="sleep",  # one call gains less than it costs to make a page for that
    )
