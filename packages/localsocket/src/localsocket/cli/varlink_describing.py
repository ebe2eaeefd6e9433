"""The interfaces of a varlink service, of whatever program, as it describes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from localsocket.blocking.local_socket import LocalSocket
from localsocket.cli.exit_status import CommandFailed
from localsocket.deadlines import Deadline
from localsocket.errors import ClosedByPeer, EndOfStream, LimitExceeded
from localsocket.wire.byte_buffer import ByteBuffer
from localsocket.wire.serializers import UNREADABLE
from localsocket.wire.varlink import OWN, STANDARD

_END = b"\0"


class _Reply(msgspec.Struct):
    parameters: dict[str, Any] = {}
    error: str | None = None


def varlink_descriptions(socket: LocalSocket, deadline: Deadline) -> Iterator[str]:
    """Give the description of each interface, but of those that every service has. Raises CommandFailed."""
    interfaces = _ask(socket, "GetInfo", {}, deadline).get("interfaces")
    for interface in interfaces if isinstance(interfaces, list) else ():
        if interface not in (STANDARD, OWN):
            told = _ask(socket, "GetInterfaceDescription", {"interface": interface}, deadline)
            yield str(told.get("description", ""))


def _take_message(received: ByteBuffer) -> bytes | None:
    whole = received.peek(len(received))
    end = whole.find(_END)
    return received.take_exactly(len(whole) + 1 if end < 0 else end + 1)


def _ask(socket: LocalSocket, method: str, parameters: dict[str, object], deadline: Deadline) -> dict[str, Any]:
    call = msgspec.json.encode({"method": f"{STANDARD}.{method}", "parameters": parameters})
    try:
        socket.write(call + _END, timeout=deadline.remaining())
        answer = socket.read_parsed(_take_message, f"asking for {method}", timeout=deadline.remaining())
        reply = msgspec.json.decode(answer.removesuffix(_END), type=_Reply)
    except (ClosedByPeer, EndOfStream, LimitExceeded, *UNREADABLE):
        raise CommandFailed("the server does not speak varlink") from None
    if reply.error is not None:
        raise CommandFailed(f"the service has no varlink description: {reply.error}")
    return reply.parameters
