"""What a service needs to call those who have connected to it: they are services too, where they serve something."""

from __future__ import annotations

from localsocket.errors import Unsupported
from localsocket.services.client_core import ClientCore
from localsocket.services.session import Session


def core_of_peer(session: Session) -> ClientCore:
    """Return what the calls need that a service makes to the other end of a connection.

    What that raises is known here by the classes that the service declares for itself. Raises Unsupported if it serves
    nothing.
    """
    said, service = session.said_by_peer, session.service
    if said is None or not said.answers_calls:
        raise Unsupported(f"the caller of the service {service.name!r} serves nothing: it must connect with serves=")
    # Its address is never asked for: the connection is there.
    core = ClientCore(0, limits=service.limits, tracing=service.tracing, errors=service.errors)
    core.known = service._known
    return core
