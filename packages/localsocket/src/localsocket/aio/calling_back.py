"""What calls the peer of a connection that is served: a client without an address, on the connection of its session."""

from __future__ import annotations

from localsocket.aio.calls_in_thread import CallsInThread
from localsocket.aio.client import Calls, Client, calls_for
from localsocket.aio.client_connection import ClientConnection
from localsocket.aio.service_loop import ServedConnection
from localsocket.aio.serving_connection import SessionConnection
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

    async def _connected(self, _deadline: Deadline) -> ClientConnection:
        connection = self._connection
        assert connection is not None
        if connection.error is not None:
            raise connection.error
        return connection

    def __del__(self) -> None:
        """The connection is its session's."""


def calls_of_peer(connection: ServedConnection, call: ServedCall) -> Calls | CallsInThread:
    """Return the ways to call who made the call, which last as long as that may. Any thread may call."""
    if connection.caller is None:
        core = core_of_peer(call.session)
        with call.session.outbox.lock:
            if connection.caller is None:
                calling = SessionConnection(core, connection, call.session.service._greeting)
                connection.caller = _CallerAsService(core, calling)
    return calls_for(connection.caller, connection, call)
