"""Services on other machines: serve them over NATS, and call them by `nats://host/name`. See docs/nats.md.

    async with nats.serve(service, "nats://host", queue="shop"):
        ...

The extra `nats` is needed only for nkeys and credentials files.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Final, Literal, Unpack

from localsocket import aio
from localsocket.awaited.opening import Opening
from localsocket.bridges.bus_messages import BusAction, BusMessage, Subjects
from localsocket.bridges.carrying import carry
from localsocket.bridges.instance import Identity, Instance, refusing_what_fails
from localsocket.bridges.micro import MicroService
from localsocket.bridges.nats_address import NatsAddress, parse_nats_address
from localsocket.bridges.nats_link import FIRST_PAUSE, NatsLink, longer_pause
from localsocket.bridges.nats_sockets import NatsSocket
from localsocket.bridges.served_here import ServedHere
from localsocket.bridges.served_there import ServedThere
from localsocket.bridges.signing import SignedBy
from localsocket.bridges.stored_calls import StoredCalls
from localsocket.bridges.storing import AS_USUAL, DeadLetter, Storing, dead_letters
from localsocket.deadlines import Deadline
from localsocket.endpoint.credentials import EVERYBODY, PeerCredentials
from localsocket.endpoint.identities import INVALID_ID
from localsocket.errors import LocalSocketError, UnsuitableAllow
from localsocket.interrupts import join, wait_in_parts
from localsocket.keywords import known_keywords
from localsocket.log_thinning import ThinnedLog
from localsocket.services.method import OWN_PREFIX
from localsocket.services.service import Service
from localsocket.sockets.connector import CONNECT_TIMEOUT
from localsocket.sockets.server import ListenOptions

__all__ = [
    "ANY",
    "BusMessage",
    "DeadLetter",
    "Identity",
    "NatsServing",
    "SignedBy",
    "Storing",
    "dead_letters",
    "offer_locally",
    "serve",
    "serve_in_thread",
    "serve_local",
]

logger = logging.getLogger("localsocket.bridges")

ANY: Final = "any member of the bus"
"""Everyone who may publish to the service's subjects may call every method; the NATS server decides who may publish."""

STOP_TIMEOUT = 5.0
_LOOK = 0.25  # seconds between looks after callers
_WHILE_ENDING = 0.005
_SOMEBODY = PeerCredentials(0, INVALID_ID, INVALID_ID)


@known_keywords
def serve(
    service: Service,
    url: str,
    *,
    queue: str = "",
    identity: Identity | None = None,
    allow: Literal["any member of the bus"] | None = None,
    storing: Storing = AS_USUAL,
    timeout: float | None = CONNECT_TIMEOUT,
) -> Opening[NatsServing]:
    """Serve the service over NATS from now on, in addition to local servers or instead of them.

    Await it or enter it; leaving the `async with` block stops it, giving calls 5 s to end. `url` is `nats://host`, or
    `nats://host/name` to use another name than the service's. All instances with the same `queue`, by default the name,
    share the calls. Coroutine functions run in tasks, plain functions in threads.

    The NATS server decides who may publish to the service, and there is no uid that identifies a caller. So a service
    with `allow=` on any method needs either `identity` or `allow=ANY`. `identity`, such as SignedBy(...), is called
    with each request and returns the PeerCredentials that it counts for, or None to refuse it. With `allow=ANY` every
    caller may call all methods.

    Calls of methods with `durable=True` are stored as `storing` says. They need JetStream: Unsupported is raised if the
    NATS server does not have it.

    `timeout`: how many seconds reaching the NATS server may take at first. If the connection is lost later, it is
    retried until the server is back. Raises UnsuitableAllow, InvalidAddress, ServerRefused, AccessDenied, and
    Unsupported if `url` names an nkey and the extra is not installed.
    """
    address = parse_nats_address(url, service=service.name)
    _check_allow(service, address, identity, allow)
    who = identity or (_everybody if allow == ANY else _somebody)

    async def opened() -> NatsServing:
        behind = ServedHere(service)
        serving = NatsServing(
            behind, address, queue or address.service, who, storing, greeting_time=service.limits.greeting
        )
        return await serving._open(Deadline(timeout))

    return Opening(opened())


@known_keywords
def serve_local(
    name: str,
    url: str,
    *,
    queue: str = "",
    identity: Identity | None = None,
    storing: Storing = AS_USUAL,
    timeout: float | None = CONNECT_TIMEOUT,
) -> Opening[NatsServing]:
    """Serve a local service `name` over NATS; any program may serve it, and it need not know about NATS.

    Each caller on the bus gets its own connection to the service, made by this program. The service therefore sees this
    program's user as the caller; who may call is decided by the NATS server and `identity`. The other parameters and
    the errors are those of serve(), and of connecting to `name`.
    """
    address = parse_nats_address(url, service=name if name.replace(".", "").replace("-", "").isidentifier() else "")

    async def opened() -> NatsServing:
        behind = await ServedThere.open(name)
        who = identity or _somebody
        serving = NatsServing(behind, address, queue or address.service, who, storing, greeting_time=10.0)
        return await serving._open(Deadline(timeout))

    return Opening(opened())


def offer_locally(url: str, name: str = "", **options: Unpack[ListenOptions]) -> Opening[aio.Serving]:
    """Give the service at `nats://host/name` a local name, so that programs here can go on using local names.

    Each local connection becomes a client of that service. `name` is by default the service's; `options` are those of
    listen().
    """
    address = parse_nats_address(url)

    async def connected(socket: aio.LocalSocket) -> None:
        bus = NatsSocket(address, Deadline(CONNECT_TIMEOUT), waits=True, patience=CONNECT_TIMEOUT)
        await carry(bus, socket.read, socket.write, lambda _: None)

    return aio.serve(name or address.service, connected, **options)


@contextlib.contextmanager
def serve_in_thread(service: Service, url: str, **options: Any) -> Iterator[NatsServing]:
    """Serve as serve() does, on a loop in a separate thread, until the `with` block is left."""
    opened: list[NatsServing] = []
    failure: list[BaseException] = []
    ready, end = threading.Event(), threading.Event()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        over = asyncio.Event()
        async with serve(service, url, **options) as serving:
            opened.append(serving)
            serving._end_soon = lambda: loop.call_soon_threadsafe(over.set)
            ready.set()
            await over.wait()

    def main() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:
            failure.append(error)
        finally:
            ready.set()
            end.set()

    thread = threading.Thread(target=main, name=f"localsocket {service.name} over NATS")
    thread.start()
    wait_in_parts(ready.wait, ready.is_set, None)
    if not opened:
        join(thread, None)
        raise failure[0]
    try:
        yield opened[0]
    finally:
        with contextlib.suppress(RuntimeError):  # it has ended
            opened[0]._end_soon()
        join(thread, None)
    if failure:
        raise failure[0]


class NatsServing:
    """A service served over NATS, made by serve(); for the tasks of its loop.

    As an async context manager it stops itself. `is_connected` says whether it is connected to the NATS server now.
    """

    def __init__(
        self,
        behind: ServedHere | ServedThere,
        address: NatsAddress,
        queue: str,
        identity: Identity,
        storing: Storing,
        *,
        greeting_time: float,
    ) -> None:
        self.address = address.shown
        self.is_connected = False
        self._of = address
        self._queue = queue
        self._names = Subjects(address.service, address.prefix)
        self._link: NatsLink | None = None
        self._served = behind
        behind.begin(self._names, self._do, self._pending, self._send_gathered)
        self._micro = MicroService(behind.description, self._names, queue)
        log = ThinnedLog(logger)
        identity = refusing_what_fails(identity, log, self._names.service)
        self._instance = Instance(self._names, behind, self._micro, self._do, identity, log)
        self._micro.instance = self._instance.inbox.rpartition(".")[2]
        self._stored = StoredCalls(address, self._names, behind, identity, storing) if behind.hello.durable else None
        self._greeting_time = greeting_time
        self._loop = asyncio.get_running_loop()
        self._tasks: list[asyncio.Task[None]] = []
        self._lost = asyncio.Event()
        self._stopped = asyncio.Event()
        self._is_stopping = False
        self._end_soon: Callable[[], object] = lambda: None

    @property
    def callers(self) -> int:
        """How many clients it knows at present."""
        return self._instance.callers

    async def stop(self, *, timeout: float | None = STOP_TIMEOUT) -> None:
        """Accept no more calls, let running ones end until `timeout`, tell all callers, and disconnect.

        Calls that were already handed to this instance are still served, so a rolling restart loses none. Stopping
        again has no effect. When one of the methods calls it, it does not wait.
        """
        if self._is_stopping:
            await self._stopped.wait()
            return
        self._is_stopping = True
        deadline = Deadline(timeout)
        if self._served.has_task(asyncio.current_task()):
            self._tasks.append(self._loop.create_task(self._end(deadline)))
            return
        await self._end(deadline)

    async def wait_stopped(self) -> None:
        """Wait until the serving has ended."""
        await self._stopped.wait()

    async def __aenter__(self) -> NatsServing:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def __repr__(self) -> str:
        state = "stopped" if self._stopped.is_set() else "connected" if self.is_connected else "looking for NATS"
        return f"<NatsServing {self.address!r} {state}, {self.callers} callers>"

    # ------------------------------------------------------------------------------------------------------------------

    async def _open(self, deadline: Deadline) -> NatsServing:
        try:
            await self._connect(deadline)
            if self._stored is not None:
                await self._stored.open(deadline)
        except BaseException:
            if (link := self._link) is not None:
                await link.close()
            await self._served.end(0)
            raise
        self._tasks = [
            self._loop.create_task(self._keep_connected(), name=f"{self.address} keeps its connection"),
            self._loop.create_task(self._look_after_callers(), name=f"{self.address} looks after its callers"),
        ]
        return self

    async def _connect(self, deadline: Deadline) -> None:
        link = NatsLink(self._of, self._names.service, self._instance.take, self._note_lost, self._served.drained)
        try:
            await link.open(deadline)
            self._link = link
            self._instance.max_payload = link.max_payload
            link.listen(f"{self._instance.inbox}.>")
            link.listen(self._names.control)
            for subject in self._micro.subjects:
                link.listen(subject)
            if not self._is_stopping:
                link.listen(self._names.calls, self._queue)
            await link.flush(deadline)
        except BaseException:
            self._link = None
            await link.close()
            raise
        self.is_connected = True

    async def _keep_connected(self) -> None:
        while True:
            await self._lost.wait()
            self._lost.clear()
            if (link := self._link) is not None:
                self._link = None
                await link.close()
            logger.warning("the service %r has lost its NATS server and is looking for it", self._names.service)
            pause = FIRST_PAUSE
            while self._link is None:
                try:
                    await self._connect(Deadline(CONNECT_TIMEOUT))
                except (LocalSocketError, OSError) as error:
                    logger.debug("cannot reach %s yet: %s", self.address, error)
                    await asyncio.sleep(pause)
                    pause = longer_pause(pause)
            logger.warning("the service %r has found its NATS server again", self._names.service)

    async def _look_after_callers(self) -> None:
        while True:
            await asyncio.sleep(_LOOK)
            self._instance.look(self._greeting_time)

    def _note_lost(self, _error: LocalSocketError) -> None:
        self.is_connected = False
        self._lost.set()

    def _do(self, action: BusAction) -> None:
        if self._link is not None:  # else whoever waits for it has lost its connection too, or asks again
            self._link.do(action)

    def _send_gathered(self) -> None:
        if self._link is not None:
            self._link.send_gathered()

    def _pending(self) -> int:
        return 0 if self._link is None else self._link.pending_bytes

    async def _end(self, deadline: Deadline) -> None:
        try:
            if (link := self._link) is not None:
                await link.drain(self._names.calls)
            if self._stored is not None:
                await self._stored.stop(deadline)
            while self._instance.open_calls and not deadline.has_passed():
                await asyncio.sleep(_WHILE_ENDING)
            self._instance.end()
            await self._served.end(max(0.1, deadline.remaining() or 0.0))
            if (link := self._link) is not None:
                await link.flush(Deadline(1.0))
        finally:
            for task in self._tasks:
                if task is not asyncio.current_task():
                    task.cancel()
            await asyncio.gather(
                *(task for task in self._tasks if task is not asyncio.current_task()), return_exceptions=True
            )
            if (link := self._link) is not None:
                self._link = None
                await link.close()
            self.is_connected = False
            self._stopped.set()


def _everybody(_message: BusMessage) -> PeerCredentials:
    return EVERYBODY


def _somebody(_message: BusMessage) -> PeerCredentials:
    """No user that is known: methods of which nothing is said are for such, localsocket.monitor is not."""
    return _SOMEBODY


def _check_allow(service: Service, address: NatsAddress, identity: Identity | None, allow: str | None) -> None:
    if allow not in (None, ANY):
        raise ValueError(f"allow must be nats.ANY or None, not {allow!r}: over NATS, no uid tells who is calling")
    if identity is not None and allow is not None:
        raise ValueError("identity= tells who is calling, but allow=ANY lets everybody in: choose one")
    methods = service._table.items()
    restricted = [name for name, method in methods if method.allow is not None and not name.startswith(OWN_PREFIX)]
    if restricted and identity is None and allow is None:
        raise UnsuitableAllow(
            address.shown,
            "",
            f"{', '.join(map(repr, restricted))} of {service.name!r} are not for everybody, and over NATS no uid tells "
            "who is calling; pass identity= to find out, or allow=nats.ANY to let in every member of the bus",
        )
