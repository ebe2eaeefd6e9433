"""One connection of a client: its conversation, as Qt's event loop takes it on."""

from __future__ import annotations

from typing import Protocol

from localsocket.errors import ClosedByUs
from localsocket.qt.owner import Owner
from localsocket.qt.shared_socket import SharedSocket
from localsocket.services.any_client_connection import AnyClientConnection
from localsocket.services.client_core import ClientCore
from localsocket.wire.caller import OpenCall


class FollowsConnection(Protocol):
    """What a connection tells its client."""

    owner: Owner

    def look_soon(self) -> None:
        """There may be room for more calls."""

    def has_greeted(self, connection: ClientConnection) -> None: ...

    def has_ended(self, connection: ClientConnection) -> None: ...


class ClientConnection(AnyClientConnection):
    """See AnyClientConnection; for the thread of one loop. The `waiter` of a call is the CallOnQt that waits for it."""

    def __init__(self, core: ClientCore, socket: SharedSocket, client: FollowsConnection) -> None:
        super().__init__(core)
        core.share_memory(self.caller, socket)
        self._socket = socket
        self._client = client
        self._is_greeted = False
        self._is_flushing = False
        self._is_held = False  # until somebody takes items
        self._carry_descriptors(socket._carry_descriptors)
        socket.begin(client.owner, self._take_in, self._end, self._has_drained)

    def greet(self) -> None:
        self.send(self.caller.opening())

    def note_greeted(self) -> None:
        self._note_greeted()

    def repeat(self, lost: ClientConnection) -> None:
        """Make the calls again that were under way on a connection that was lost."""
        calls, lost.to_repeat = lost.to_repeat, []
        if frames := self._reopen(calls):
            self.send(frames)

    def send(self, data: bytes) -> None:
        self.core.tally.bytes_sent += len(data)
        self._socket.send(data)

    @property
    def is_clogged(self) -> bool:
        """Whether so much waits to be sent that further calls wait."""
        return self._socket.bytes_to_write > self.core.limits.unsent

    @property
    def is_cut(self) -> bool:
        """Whether nothing more can be sent, although there may be something to be read."""
        return self._socket.is_cut

    def has_taken(self) -> None:
        """An item was taken: receive more, if there is room for that again."""
        if self._is_held and not self.caller.is_full:
            self._is_held = False
            self._socket.set_reading(True)

    def close(self) -> bool:
        """End all calls, and the connection once what is unsent is sent; return whether something is."""
        if self.error is not None:
            return False
        self._is_flushing = self._socket.bytes_to_write > 0
        self._end(ClosedByUs("the client"))
        return self._is_flushing

    def abort(self) -> None:
        was_flushing, self._is_flushing = self._is_flushing, False
        if was_flushing:
            self._log_loss(self._socket._bytes_lost)
        self._socket.abort()

    def cut_off(self) -> None:
        """End at once; what the kernel has not taken is lost."""
        self._is_flushing = False
        self._end(ClosedByUs("the client"))
        self._socket.abort()

    # ------------------------------------------------------------------------------------------------------------------

    def _has_drained(self) -> None:
        if self._is_flushing:
            self.abort()
        else:
            self._client.look_soon()

    @staticmethod
    def _wake_waiters(call: OpenCall) -> None:
        if call.waiter is not None:
            call.waiter.wake()

    def _send_soon(self, data: bytes) -> None:
        self.send(data)

    def _look_for_room(self) -> None:
        self._client.look_soon()

    def _has_news(self) -> None:
        if not self._is_greeted and self.caller.peer is not None:
            self._is_greeted = True
            self._client.has_greeted(self)
        if self.caller.has_room:
            self._client.look_soon()
        if self.caller.is_full and not self._is_held:
            self._is_held = True
            self._socket.set_reading(False)

    def _has_ended(self) -> None:
        if not self._is_flushing:
            self._log_loss(self._socket._bytes_lost)
            self._socket.abort()
        self._client.has_ended(self)
