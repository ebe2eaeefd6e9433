"""A service on an asyncio loop: coroutine functions run in tasks, plain functions in threads."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any, TypeAlias

from localsocket.aio.late_calls import NearestDeadline
from localsocket.aio.shared_socket import SharedSocket
from localsocket.aio.thread_calls import LoopThreads, ThreadCalls
from localsocket.aio.turns import Turns
from localsocket.errors import CallCancelled, LocalSocketError, WriteBufferFull
from localsocket.services.calls_of_peer import CallsOfPeer
from localsocket.services.protocols import ProtocolName
from localsocket.services.served_call import ServedCall
from localsocket.services.service import Service
from localsocket.services.session import AT_ONCE, Session
from localsocket.services.stream_reply import FAIR, PushedSource, StreamReply
from localsocket.wire.laden_frames import ArrivedDescriptors

logger = logging.getLogger("localsocket.aio")

# What one connection may do before others have their turn, beside so many calls.
_TURN = 0.002
_LOOK_AT_CLOCK = 8
_LOOK_AGAIN = 0.005


CallsBack: TypeAlias = Callable[["ServedConnection", ServedCall], CallsOfPeer]
"""Gives the ways to call the peer of a connection."""


class ServiceLoop:
    """Serves each connection that it is called with; for the tasks of one loop."""

    def __init__(
        self,
        service: Service,
        loop: asyncio.AbstractEventLoop,
        protocols: tuple[ProtocolName, ...] | None = None,
        *,
        calls_back: CallsBack | None = None,
    ) -> None:
        self._service = service
        self.protocols = protocols  # those of the service if None
        self.calls_back = calls_back
        self._loop = loop
        self._connections: set[ServedConnection] = set()
        self._is_stopping = False
        self.methods_cut: list[str] = []  # of the calls that were under way when it was stopped for good
        self.threads = LoopThreads(service.name, loop)
        self.turns = Turns(loop)

    async def __call__(self, socket: SharedSocket) -> None:
        connection = self.connection(socket)
        connection.watch_if_mute()
        await self.serve(connection)

    def connection(self, socket: SharedSocket) -> ServedConnection:
        """Return the connection of a socket, to be served."""
        return ServedConnection(self._service, socket, self)

    async def serve(self, connection: ServedConnection) -> None:
        """Serve it until it is over, and all that has come by it has been served."""
        self._connections.add(connection)
        try:
            connection.begin()
            if self._is_stopping:
                connection.stop_when_idle()
            await connection.over.wait()
        finally:
            try:
                await connection.end()
            finally:
                self._connections.discard(connection)

    def stop_when_idle(self) -> None:
        """End each connection once no call of it is under way; subscriptions do not count."""
        self._is_stopping = True
        for connection in self._connections:
            connection.stop_when_idle()

    def cut(self) -> None:
        """End all sessions, whatever is under way."""
        self.methods_cut += [name for connection in self._connections for name in connection.session.lost()]

    def note_cut(self) -> None:
        """Their connections are cut where the loop does not come to it; any thread may call."""
        if not self.methods_cut:
            sessions = [connection.session for connection in list(self._connections)]
            self.methods_cut = [name for session in sessions for name in session.methods_under_way()]

    def has_task(self, task: asyncio.Task[Any] | None) -> bool:
        """Whether a method runs in it."""
        return any(task in connection.tasks for connection in self._connections)

    def close(self) -> None:
        """Let the threads go, when no connection is left."""
        if busy := self.threads.busy:
            logger.warning("service %r stops while %d functions are still running", self._service.name, busy)
        self.threads.close()


class ServedConnection:
    """One connection: its session, and the tasks of its calls."""

    def __init__(self, service: Service, socket: SharedSocket, tasks: ServiceLoop) -> None:
        self.over = asyncio.Event()
        self._service = service
        self._socket = socket
        self._all = tasks
        self._loop = asyncio.get_running_loop()
        self.tasks: dict[asyncio.Task[None], ServedCall] = {}
        self._has_served = asyncio.Event()
        self._is_stopping = False
        link = _Link(self, socket)
        self._session = Session(service, socket.peer, link, lambda _session: self._go_on_soon(), tasks.protocols)
        self._in_threads = ThreadCalls(self._session, tasks.threads, self._soon, self._note_end)
        self.serve_aside = self._in_threads.serve_aside
        if tasks.calls_back is not None:
            self._session.calls_back = partial(tasks.calls_back, self)
        self.caller: Any = None  # what calls its peer, once it does
        self._has_begun = False
        self._mute: asyncio.TimerHandle | None = None
        self._is_to_go_on = False
        self._waits_for_threads = False
        self._expiry: asyncio.TimerHandle | None = None
        self._deadlines = NearestDeadline(self._loop, self._cancel_late)

    def begin(self) -> None:
        """Have the loop receive from now on; doing it again is fine."""
        if not self._has_begun:
            self._has_begun = True
            self._socket.begin(self._take_in, self._on_end, self._session.sent, self._on_hang_up)

    @property
    def session(self) -> Session:
        return self._session

    @property
    def socket(self) -> SharedSocket:
        return self._socket

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def stop_when_idle(self) -> None:
        self._is_stopping = True
        self.end_if_idle()

    def end_if_idle(self) -> None:
        if not self._is_stopping or self._session.is_busy:
            return
        self.over.set()

    def send(self, data: bytes) -> None:
        # The last answer goes out at once, others with those that follow in the same turn of the loop.
        if self._session.active_calls or threading.get_ident() != self._socket.thread:
            self._socket.send(data)
        else:
            self._socket.send_now(data)

    async def end(self) -> None:
        """Cancel calls that are under way, and wait for them; then let notifications end that have arrived.

        Cancelled itself, cancel all of that again, which takes too long.
        """
        self._watch_no_more()
        self._deadlines.forget()
        self._session.lost()
        for task, call in self.tasks.items():
            if not call.is_notification:
                _cancel(task)
        try:
            await self._calls_ended()
            if self._session.has_notifications:
                self._go_on_soon()
                with contextlib.suppress(LocalSocketError):
                    await self._socket.close()
                while self._session.has_notifications:
                    self._has_served.clear()
                    await self._has_served.wait()
        finally:
            if self._session.has_notifications:
                await self._give_up_notifications()

    async def _calls_ended(self) -> None:
        while calls := [task for task, call in self.tasks.items() if not call.is_notification]:
            try:
                await asyncio.wait(calls)
            except asyncio.CancelledError:
                for task in self.tasks:
                    task.cancel()

    async def _give_up_notifications(self) -> None:
        if waiting := self._session.waiting:
            logger.warning("service %r ends before it has begun %d notifications", self._service.name, len(waiting))
        for task in list(self.tasks):
            task.cancel()
        if self.tasks:
            await asyncio.wait(self.tasks)

    # ------------------------------------------------------------------------------------------------------------------

    def _on_end(self, error: LocalSocketError) -> None:
        if isinstance(error, WriteBufferFull):
            self._session.drop(f"it does not read: {error.queued} bytes are waiting for it")
        self.over.set()

    def _on_hang_up(self) -> None:
        self._session.desert()
        self._go_on_soon()

    def watch_if_mute(self) -> None:
        """From now on the peer has its time to greet, or to end what it has begun."""
        self._watch_no_more()
        self._mute = self._loop.call_later(self._service.limits.greeting, self._drop_if_mute)

    def _watch_no_more(self) -> None:
        if self._mute is not None:
            self._mute.cancel()

    def _drop_if_mute(self) -> None:
        if not self._session.is_greeted and not self._session.is_over:
            self._session.drop_mute()

    def _take_in(self, data: bytes) -> None:
        if self._session.receive(data):
            self.watch_if_mute()
        if self._waits_for_threads:
            self._session.put_off_turn()
        else:
            self._go_on()

    def _go_on_soon(self) -> None:
        """Have it go on when others had their turn; any thread may call."""
        if self._is_to_go_on:
            return
        self._is_to_go_on = True
        if threading.get_ident() == self._socket.thread:
            self._all.turns.add(self._go_on)  # without a system call that wakes the loop
        else:
            self._soon(self._all.turns.add, self._go_on)

    def _go_on(self) -> None:
        """Begin some of what has arrived, and the rest when others had their turn."""
        self._is_to_go_on = False
        session = self._session
        self._waits_for_threads = not self._begin_some()
        if self._waits_for_threads:
            session.put_off_turn()
        elif session.end_turn():
            self._go_on_soon()
            return
        if not session.waiting:
            self._has_served.set()
        elif self._expiry is None:
            self._expire()

    def _begin_some(self) -> bool:
        """Begin some of the calls that have arrived; False where the next one has to wait for threads."""
        session = self._session
        end = time.monotonic() + _TURN
        for count in range(1, AT_ONCE + 1):
            if session.waiting and not self._has_room_for_next():
                return False
            if (call := session.take_next() or session.take_more()) is None:
                break
            self._begin(call)
            if not count % _LOOK_AT_CLOCK and time.monotonic() > end:
                break
        return True

    def _has_room_for_next(self) -> bool:
        """Whether the next call may begin, as far as it is one for the threads and they are not crowded."""
        method = self._session.next_method
        if method is None or method.is_async or method.is_own:
            return True
        return self._in_threads.has_room(self._go_on_soon)

    def _expire(self) -> None:
        """Refuse what waits and is too late, now and as long as something waits."""
        self._expiry = None
        if (seconds := self._session.expire()) is not None:
            self._expiry = self._loop.call_later(max(seconds, _LOOK_AGAIN), self._expire)

    def _begin(self, call: ServedCall) -> None:
        self._session.begun(call)
        method = call.method
        if method.is_own:
            self._run_own(call)
        elif method.is_async:
            self._start(call, self._stream(call) if method.is_stream else self._await(call))
        else:
            self._in_threads.begin(call)

    def _start(self, call: ServedCall, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self.tasks[task] = call
        task.add_done_callback(self._has_ended)
        call.on_cancel = partial(_cancel, task)
        if call.deadline is not None:
            self._deadlines.note(call.deadline / 1e9)
        return task

    def _cancel_late(self) -> float | None:
        """Cancel the tasks of calls that are late, once; return when the next one is."""
        late, nearest = [], math.inf
        for task, call in self.tasks.items():
            if not task.cancelling() and (deadline := call.deadline) is not None:  # else it may go on, or is told
                if call.remaining():
                    nearest = min(nearest, deadline)
                else:
                    late.append((task, call))
        for task, call in late:
            if not call.is_notification:
                call.session.refuse_late(call)  # now, since what it does when it is cancelled may take long
            _cancel(task)
        return None if nearest == math.inf else nearest / 1e9

    def _has_ended(self, task: asyncio.Task[None]) -> None:
        call = self.tasks.pop(task)
        call.on_cancel = None  # which knows the task, and that this, by its context
        self._finished(call)

    def _finished(self, call: ServedCall) -> None:
        """Nothing is left of the call; in the loop."""
        self._session.finished(call)
        self._note_end()

    def _note_end(self) -> None:
        self._has_served.set()
        self.end_if_idle()

    def _run_own(self, call: ServedCall) -> None:
        try:
            result = call.run()
        except Exception as error:
            self._session.fail(call, error)
        else:
            if isinstance(result, PushedSource):
                StreamReply(call, result, self.in_loop).begin()
                return
            self._session.reply(call, result)
        self._finished(call)

    async def _await(self, call: ServedCall) -> None:
        call.make_current()
        try:
            with call.traced():
                result = await call.method.function(*call.arguments, **call.named)
            if not self._session.outbox.has_room:
                await self._wait_for_room_for(call, result)
        except asyncio.CancelledError:
            self._tell_cancelled(call)
        except Exception as error:
            self._session.fail(call, error)
        else:
            self._session.reply(call, result)

    def _soon(self, job: Callable[..., object], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            self._loop.call_soon_threadsafe(job, *arguments)

    async def _stream(self, call: ServedCall) -> None:
        call.make_current()
        session, may_go_on = self._session, asyncio.Event()
        call.on_credit = may_go_on.set
        session.open_stream(call)
        items: AsyncIterator[Any] | None = None
        sent = 0
        try:
            with call.traced():
                items = call.method.function(*call.arguments, **call.named)
                await self._wait_until_wanted(call, may_go_on)
                async for item in items:
                    session.send_item(call, session.write_item(call, item))
                    sent += 1
                    if not sent % FAIR:
                        await asyncio.sleep(0)
                    await self._wait_until_wanted(call, may_go_on)
        except asyncio.CancelledError:
            self._tell_cancelled(call)
        except Exception as error:
            session.fail(call, error)
        else:
            session.end_stream(call)
        finally:
            if (close := getattr(items, "aclose", None)) is not None:
                await close()

    async def _wait_until_wanted(self, call: ServedCall, may_go_on: asyncio.Event) -> None:
        """Wait until the peer takes another item, before it is made: whoever makes it may take it from others."""
        session, answer = self._session, call.answer
        while not (answer.may_send_item and session.outbox.has_room):
            may_go_on.clear()
            if answer.may_send_item:
                session.when_room(partial(self.in_loop, may_go_on.set))
            await may_go_on.wait()

    async def _wait_for_room_for(self, call: ServedCall, result: object) -> None:
        try:
            await self._wait_for_room()
        except asyncio.CancelledError:
            self._session.drop_result(call, result)
            raise

    async def _wait_for_room(self) -> None:
        """Wait until the peer has read of what was sent before, lest more and more waits for one that does not read."""
        has_room = asyncio.Event()
        while not self._session.outbox.has_room:
            has_room.clear()
            self._session.when_room(partial(self.in_loop, has_room.set))
            await has_room.wait()

    def _tell_cancelled(self, call: ServedCall) -> None:
        if call in self._session.dropped:
            return
        if call.remaining() == 0:
            self._session.refuse_late(call)
        else:
            self._session.refuse(call, CallCancelled(call.method.name))

    def call_later(self, seconds: float, callback: Callable[[], object]) -> None:
        """Have the loop call back; any thread may call."""
        self._soon(self._loop.call_later, seconds, callback)

    def in_loop(self, job: Callable[[], object]) -> None:
        """Do `job` now if this is the loop's thread, else soon."""
        if threading.get_ident() == self._socket.thread:
            job()
        else:
            self._loop.call_soon_threadsafe(job)


def _cancel(task: asyncio.Task[None]) -> None:
    """Cancel it once: what it does when it is cancelled is not to be cut off."""
    if not task.cancelling():
        task.cancel()


class _Link:
    """What a session needs of its socket."""

    __slots__ = ("_connection", "_socket", "look_out_for", "set_reading", "waiting_place", "write")

    def __init__(self, connection: ServedConnection, socket: SharedSocket) -> None:
        self._connection = connection
        self._socket = socket
        self.write = connection.send
        self.set_reading = socket.set_reading
        self.waiting_place = socket.waiting_place
        self.look_out_for = socket.look_out_for

    @property
    def bytes_to_write(self) -> int:
        return self._socket.bytes_to_send

    def carry_descriptors(self, most: int) -> ArrivedDescriptors | None:
        return self._socket._carry_descriptors(most)

    def carry_no_descriptors(self) -> None:
        self._socket._carry_no_descriptors()

    def abort(self) -> None:
        self._connection.in_loop(self._socket.abort)

    def finish(self) -> None:
        self._connection.in_loop(self._connection.over.set)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> None:
        self._connection.call_later(seconds, callback)
