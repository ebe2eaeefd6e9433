"""A service's client on any API: what it is connected to, or why to nothing. Nothing here waits."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from localsocket.deadlines import Deadline
from localsocket.endpoint.fork_safety import close_in_forked_child
from localsocket.errors import BadResult, ClosedByPeer, ClosedByUs, LocalSocketError, ServerNotFound, ServerRefused
from localsocket.forgotten import warn_forgotten
from localsocket.keywords import check_keywords
from localsocket.late_logging import late_logger
from localsocket.services.any_client_connection import AnyClientConnection
from localsocket.services.client_core import ClientCore, ClientOptions
from localsocket.services.description import ServiceDescription
from localsocket.services.method import DESCRIBE
from localsocket.services.schema import split_path
from localsocket.sockets.connection import Connection
from localsocket.sockets.connector import Connector
from localsocket.sockets.given_socket import Reached

if TYPE_CHECKING:
    from localsocket.services.stats import ClientStats

logger = late_logger("localsocket.services")

_MAY_COME_BACK = (ClosedByPeer, ServerNotFound, ServerRefused)

ClientConnection = TypeVar("ClientConnection", bound=AnyClientConnection)


def read_description(told: object) -> ServiceDescription:
    """Return what a service tells about itself, which was read as anything. Raises BadResult.

    A Result of that type would take 4 ms to make, and few programs ask for more than one description.
    """
    try:
        return msgspec.convert(told, ServiceDescription)
    except msgspec.ValidationError as error:
        reason, path = split_path(error)
        raise BadResult(DESCRIBE, f"the result{path}", reason) from None


class AnyClient(Generic[ClientConnection]):
    """What a client of any API knows of itself; an API connects, and waits."""

    def __init__(self, address: Reached, options: ClientOptions) -> None:
        check_keywords("Client", options, ClientOptions)
        self._begin_with(ClientCore(address, **options), None)
        close_in_forked_child(self)

    def _begin_with(self, core: ClientCore, connection: ClientConnection | None) -> None:
        """Have nothing, or a connection that is there already and is somebody else's to close."""
        self._core = core
        self._connection: ClientConnection | None = connection
        self._greeting: ClientConnection | None = None  # one that is being made
        self._is_closed = False
        self._description: tuple[ClientConnection | None, ServiceDescription | None] = (None, None)  # and who told

    @property
    def address(self) -> str:
        return self._core.address

    @property
    def service(self) -> str:
        """The service's name as it gives it; "" before the client has connected."""
        peer = self._connection.caller.peer if self._connection else None
        return peer.service if peer else ""

    def stats(self) -> ClientStats:
        """Return the numbers of this client so far. Any thread may call."""
        connection = self._connection
        return self._core.stats(connection.caller.open_calls if connection else 0)

    def __repr__(self) -> str:
        connection = self._connection
        state = "closed" if self._is_closed else "not connected" if connection is None else repr(connection)
        return f"<Client of {self.address!r}, {state}>"

    def __del__(self) -> None:
        connection = getattr(self, "_connection", None)
        if connection is not None and connection.error is None and not self._is_closed:
            warn_forgotten(self)
            self._is_closed = True
            connection.abort()

    def _close_in_child(self) -> None:
        # What is connected stays with the parent; a client that reconnects makes a connection of its own here.
        if self._connection is not None:
            self._connection.error = ClosedByUs("the client's connection", parent=os.getppid())
        self._greeting = None
        self._renew_lock()

    # --- for an API ---------------------------------------------------------------------------------------------------

    def _renew_lock(self) -> None:
        """Make the lock anew that is held while somebody connects, who may not exist in this process."""
        raise NotImplementedError

    def _usable_connection(self) -> ClientConnection | None:
        """Return the connection, None where one has to be made; or raise why there is none and will be none."""
        connection = self._connection
        if connection is not None and connection.error is None:
            return connection
        self._check_not_closed()
        if connection is not None and not (self._core.reconnects or connection.caller.is_spoiled):
            assert connection.error is not None
            raise connection.error
        return None

    def _check_not_closed(self) -> None:
        if self._is_closed:
            raise ClosedByUs("the client")

    def _connector(self, kind: type[Connection], deadline: Deadline) -> Connector[Any]:
        return self._core.connector(kind, deadline, is_again=self._connection is not None)

    @contextlib.contextmanager
    def _greeting_through(self, connection: ClientConnection, connector: Connector[Any]) -> Iterator[None]:
        """Give up a connection whose greeting fails; suppress that where the next attempt may do better."""
        self._greeting = connection
        try:
            self._check_not_closed()  # who closed it before this line has found nothing to cut off
            yield
        except BaseException as error:
            connection.abort()
            reason = connector.explain(error)
            # A server that ends takes nobody in any more, while its door stands open for another moment.
            if not isinstance(reason, _MAY_COME_BACK) or not connector.waits_for_server:
                if reason is error:
                    raise
                raise reason from error
            connector.note(reason)
        finally:
            self._greeting = None

    @contextlib.contextmanager
    def _logging_loss(self, error: BaseException | None) -> Iterator[None]:
        """Log what was lost in closing where another error is raised already."""
        try:
            yield
        except LocalSocketError as loss:
            if error is None:
                raise
            logger.warning("closing the client of %r: %s", self.address, loss)

    def _traced(self, method: str) -> AbstractContextManager[dict[str, str] | None]:
        """Surround a call with tracing, where that is wanted; what it gives travels with the call."""
        if (tracing := self._core.tracing) is None:
            return nullcontext()
        return tracing.calling(self.service, method)
