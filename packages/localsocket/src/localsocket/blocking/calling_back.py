"""What calls the peer of a connection that is served: a client without an address, on the connection of its session."""

from __future__ import annotations

from localsocket.blocking.client import Calls, Client
from localsocket.blocking.client_connection import ClientConnection
from localsocket.blocking.served import Served
from localsocket.blocking.service_loop import ServiceLoop
from localsocket.blocking.serving_connection import SessionConnection
from localsocket.deadlines import Deadline
from localsocket.services.client_core import ClientCore
from localsocket.services.peers_as_services import core_of_peer
from localsocket.services.served_call import ServedCall


class _CallerAsService(Client):
    """The service at the other end of a connection that was accepted."""

    def __init__(self, core: ClientCore, connection: SessionConnection) -> None:
        self._begin_with(core, connection)
        Calls.__init__(self, None)
        self._renew_lock()

    def _connected(self, _deadline: Deadline) -> ClientConnection:
        connection = self._connection
        assert connection is not None
        if connection.error is not None:
            raise connection.error
        return connection

    def __del__(self) -> None:
        """The connection is its session's."""


def calls_of_peer(loop: ServiceLoop, served: Served, call: ServedCall) -> Calls:
    """Return the ways to call who made the call, which last as long as that may."""
    client: _CallerAsService | None = served.caller
    if client is None:
        core = core_of_peer(call.session)
        with call.session.outbox.lock:
            client = served.caller
            if client is None:
                connection = SessionConnection(core, loop, served, call.session.service._greeting)
                client = served.caller = _CallerAsService(core, connection)
    return Calls(call.remaining(), client)
