"""One connection to a NATS server, by nats-py: what is to be done goes out in order, and messages come in.

It is not made again when it is lost: whoever holds it knows what was under way, and begins anew. So nothing that was
given up is sent later.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from localsocket.bridges.bus_messages import BusAction, BusMessage, Listen
from localsocket.bridges.nats_address import NatsAddress
from localsocket.deadlines import Deadline
from localsocket.errors import (
    AccessDenied,
    BrokenEndpoint,
    ClosedByPeer,
    LocalSocketError,
    PeerBrokeProtocol,
    ServerRefused,
    Unsupported,
)

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription

logger = logging.getLogger("localsocket.bridges")

_PING = 10  # seconds; a NATS server that answers none of two is gone
_CONNECT = 30.0
_CLOSE = 1.0


def nats_py() -> Any:
    """Return the package `nats`. Raises Unsupported, which names the extra, where it is not installed."""
    try:
        import nats
        import nats.aio.client
        import nats.errors
    except ImportError as error:
        raise Unsupported("nats:// needs nats-py, which is missing: pip install 'localsocket[nats]'") from error
    return nats


class NatsLink:
    """Made by open(); for the tasks of one loop. `on_lost` is called once, unless it was closed here."""

    def __init__(
        self,
        address: NatsAddress,
        name: str,
        on_message: Callable[[BusMessage], object],
        on_lost: Callable[[LocalSocketError], object],
        on_drained: Callable[[], object],
    ) -> None:
        self.address = address
        self._name = name
        self._on_message = on_message
        self._on_lost = on_lost
        self._on_drained = on_drained
        self._client: Client = nats_py().aio.client.Client()
        self._waiting: deque[BusAction] = deque()
        self.pending_bytes = 0
        self._wake = asyncio.Event()
        self._has_written = asyncio.Event()  # and nothing waits; or nothing ever will be written
        self._has_written.set()
        self._subscriptions: dict[str, Subscription] = {}
        self._writer: asyncio.Task[None] | None = None
        self._is_over = False

    @property
    def max_payload(self) -> int:
        """The longest message that the server takes, in bytes."""
        return self._client.max_payload

    async def open(self, deadline: Deadline) -> None:
        """Connect to the first server that lets us. Raises ServerRefused, AccessDenied, BrokenEndpoint."""
        errors, shown = nats_py().errors, self.address.shown
        remaining = deadline.remaining()
        seconds = _CONNECT if remaining is None else max(min(remaining, _CONNECT), 0.001)
        try:
            async with asyncio.timeout(seconds):
                await self._client.connect(
                    list(self.address.servers),
                    name=self._name,
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    reconnect_time_wait=0,
                    connect_timeout=max(1, int(seconds)),
                    ping_interval=_PING,
                    error_cb=self._note,
                    closed_cb=self._closed,
                    **self.address.connect_options(),
                )
        except (errors.NoServersError, ConnectionError, TimeoutError) as error:
            raise ServerRefused(shown, "no NATS server that answers") from error
        except errors.Error as error:
            text = str(error).lower()
            if "authori" in text or "authentication" in text:
                raise AccessDenied(shown, shown, f"the NATS server refused it: {error}") from error
            raise PeerBrokeProtocol(f"meeting the NATS server of {shown} failed: {error}") from error
        except OSError as error:
            raise BrokenEndpoint(f"connecting to {shown!r}", error) from error
        self._writer = asyncio.get_running_loop().create_task(self._write(), name=f"localsocket {shown}")

    def do(self, action: BusAction) -> None:
        """Have it done, after everything that was said before."""
        if self._is_over:
            return
        self._waiting.append(action)
        self._has_written.clear()
        if type(action) is BusMessage:
            self.pending_bytes += len(action.payload)
        self._wake.set()

    async def listen(self, subject: str, queue: str = "") -> None:
        """Take messages on the subject; with a queue, those that no other member of it gets."""
        self._subscriptions[subject] = await self._client.subscribe(subject, queue=queue, cb=self._take)

    async def drain(self, subject: str) -> None:
        """Take no more messages on the subject, once those on their way are here."""
        if (subscription := self._subscriptions.pop(subject, None)) is not None:
            with contextlib.suppress(nats_py().errors.Error, TimeoutError):
                # drain() alone would send its ping ahead of this, and end before the last message was here.
                await self._client._send_unsubscribe(subscription._id)
                await self._round_trip(_CONNECT)
                await subscription.drain()  # type: ignore[no-untyped-call]

    async def flush(self, deadline: Deadline) -> None:
        """Return when the server has everything that was said so far, or the time is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(deadline.remaining()):
                await self._has_written.wait()
        remaining = deadline.remaining()
        if self._is_over or remaining == 0:
            return
        with contextlib.suppress(nats_py().errors.Error, OSError):
            await self._round_trip(_CONNECT if remaining is None else remaining)

    async def _round_trip(self, seconds: float) -> None:
        """Return when the server has done what was said before: a message to ourselves comes behind all that.

        The ping of nats-py's flush() does not, which overtakes what waits to be written.
        """
        is_back = asyncio.Event()

        async def come_back(_message: Msg) -> None:
            is_back.set()

        subject = self._client.new_inbox()
        subscription = await self._client.subscribe(subject, cb=come_back)
        try:
            await self._client.publish(subject)
            async with asyncio.timeout(seconds):
                await is_back.wait()
        finally:
            with contextlib.suppress(nats_py().errors.Error):
                await subscription.unsubscribe()

    async def close(self) -> None:
        """Close the connection; what is unsent is dropped."""
        self._is_over = True
        self._has_written.set()
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        # It says by an assertion, or as 2.10 by an AttributeError, that it had not come so far as to have something to
        # close, and waits for ever for the end of a connection whose TLS has failed.
        with contextlib.suppress(nats_py().errors.Error, OSError, AssertionError, AttributeError):
            async with asyncio.timeout(_CLOSE):
                await self._client.close()
        # Where its last words could not be written it forgets the connection, and those that hand out messages.
        with contextlib.suppress(AttributeError):
            self._client._transport.close()  # type: ignore[union-attr] # there may be none
        handing_out = [subscription._wait_for_msgs_task for subscription in self._client._subs.values()]
        left: list[Any] = [task for task in handing_out if task is not None]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    # ------------------------------------------------------------------------------------------------------------------

    async def _take(self, message: Msg) -> None:
        self._on_message(BusMessage(message.subject, message.data, message.headers, message.reply))

    async def _write(self) -> None:
        waiting = self._waiting
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()  # first: what is said from here on wakes again
                while waiting:
                    await self._do(waiting.popleft())
                self._has_written.set()
                self.pending_bytes = 0
                self._on_drained()
        except Exception as error:
            if not isinstance(error, (nats_py().errors.Error, OSError)):
                logger.exception("writing to the NATS server of %s failed", self.address.shown)
            self._lose(error)

    async def _do(self, action: BusAction) -> None:
        client = self._client
        if type(action) is BusMessage:
            try:
                await client.publish(action.subject, action.payload, reply=action.reply, headers=action.headers)
            except (nats_py().errors.MaxPayloadError, nats_py().errors.BadSubjectError) as error:
                logger.warning("a message to %r was not sent: %s", action.subject[:200], error)
        elif isinstance(action, Listen):
            await self.listen(action.subject)
        elif (subscription := self._subscriptions.pop(action.subject, None)) is not None:
            await subscription.unsubscribe()

    async def _note(self, error: Exception) -> None:
        if self._writer is not None and not self._is_over:
            logger.warning("the NATS server of %s: %s", self.address.shown, str(error) or type(error).__name__)

    async def _closed(self) -> None:
        self._lose(None)

    def _lose(self, cause: Exception | None) -> None:
        if self._is_over or self._writer is None:
            return
        self._is_over = True
        self._has_written.set()
        lost = ClosedByPeer("the connection to the NATS server was in use")
        lost.__cause__ = cause
        self._on_lost(lost)
