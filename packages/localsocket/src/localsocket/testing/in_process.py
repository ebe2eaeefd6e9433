"""Calls of a service's methods in the test's own thread, by everything that a call from outside comes through."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import copy_context
from typing import Any

from localsocket.endpoint.credentials import PeerCredentials
from localsocket.interfaces import WaitingPlace
from localsocket.services.failures import error_of
from localsocket.services.schema import ANYTHING
from localsocket.services.served_call import ServedCall
from localsocket.services.service import Service
from localsocket.services.session import Session
from localsocket.testing.serving import declared_errors
from localsocket.wire.caller import Caller, OpenCall
from localsocket.wire.greeting import Greeting

_END = object()


def call(service: Service, method: str, /, *arguments: object, **named: object) -> Any:
    """Call a method of `service` here, in this thread, and return what a client gets: `call(service, "add", 2, 3)`.

    Nothing listens and no thread is started, so a debugger stops in the method, and monkeypatching takes effect.
    Arguments and results are checked, encoded and decoded as between two programs. The functions of Service.around()
    run around the call, and current_call() reports a caller in this process.

    A method that streams returns an iterator, which runs the method as you ask for items. Coroutine functions and async
    generators run in a loop made for this call. If a loop is running in this thread, await what is returned, or iterate
    over it with `async for`.

    Raises what a client gets: BadArguments, NoSuchMethod, NotAllowed, BadResult, the declared errors, and CallFailed
    for all others, with the method's exception as its `__cause__`.
    """
    conversation = _Conversation(service)
    served = conversation.begin(method, arguments, named)
    is_in_loop = asyncio._get_running_loop() is not None
    if served.method.is_stream:
        if not served.method.is_async:
            return conversation.items(served)
        return conversation.async_items(served) if is_in_loop else _in_a_loop(conversation.async_items(served))
    if not served.method.is_async:
        return conversation.result(served)
    awaited = conversation.awaited(served)
    return asyncio.create_task(awaited) if is_in_loop else asyncio.run(awaited)


class _Memory:
    """A link whose other end is in this process."""

    bytes_to_write = 0

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self._written.append(data)

    def take(self) -> bytes:
        taken, self._written = b"".join(self._written), []
        return taken

    def abort(self) -> None: ...

    def finish(self) -> None: ...

    def call_later(self, seconds: float, callback: Callable[[], object]) -> None: ...

    def set_reading(self, is_wanted: bool) -> None: ...

    def carry_descriptors(self, most: int) -> None: ...

    def carry_no_descriptors(self) -> None: ...

    def waiting_place(self) -> None: ...

    def look_out_for(self, place: WaitingPlace) -> None: ...


class _Conversation:
    """A client and a session of the service that pass each other what they say."""

    def __init__(self, service: Service) -> None:
        limits = service.limits
        self._errors = {kind.__name__: kind for kind in declared_errors(service)}
        self._caller = Caller(
            Greeting(role="client", max_message=limits.message, stream_window=limits.stream), service._known
        )
        self._link = _Memory()
        here = PeerCredentials(os.getpid(), os.geteuid(), os.getegid())
        self._session = Session(service, here, self._link, _wait_for_nothing)
        self._call: OpenCall

    def begin(self, method: str, arguments: tuple[object, ...], named: dict[str, object]) -> ServedCall:
        """Return the call as the service has admitted it, or raise why it has not."""
        try:
            self._session.receive(self._caller.opening())
            self._caller.feed(self._link.take())
            self._call = self._caller.begin(method, None, arguments, named)
            self._session.receive(self._call.frame)
            served = self._session.take_next()
            if served is None:
                self._raise_failure()
                raise AssertionError(f"{method!r} was neither refused nor begun")
        except BaseException:
            self.close()
            raise
        return served

    def result(self, served: ServedCall) -> Any:
        with contextlib.closing(self):
            with self._failing(served):
                result = served.run()
            return self._reply(served, result)

    async def awaited(self, served: ServedCall) -> Any:
        """In a task, whose context is its own: there current_call() gives this call."""
        with contextlib.closing(self):
            with self._failing(served):
                served.make_current()
                result: Any = served.run()
                result = await result
            return self._reply(served, result)

    def items(self, served: ServedCall) -> Iterator[Any]:
        context = copy_context()
        context.run(served.make_current)
        with contextlib.closing(self), self._failing(served):
            self._session.open_stream(served)
            made: Any = served.run()
            while (item := context.run(next, made, _END)) is not _END:
                yield self._pass_on(served, item)

    async def async_items(self, served: ServedCall) -> AsyncIterator[Any]:
        context = copy_context()
        context.run(served.make_current)
        with contextlib.closing(self), self._failing(served):
            self._session.open_stream(served)
            made: Any = served.run()
            while (item := await asyncio.create_task(_following(made), context=context)) is not _END:
                yield self._pass_on(served, item)

    def close(self) -> None:
        self._session.lost()

    # ------------------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _failing(self, served: ServedCall) -> Iterator[None]:
        """Make of what the method raises what its caller gets."""
        try:
            yield
        except Exception as error:
            self._session.fail(served, error)
            self._raise_failure(error)
            raise  # what came of it in another way, as for a call that is over

    def _reply(self, served: ServedCall, result: object) -> Any:
        self._session.reply(served, result)
        self._raise_failure()
        assert self._call.body is not None
        return ANYTHING.read(self._call.body)

    def _pass_on(self, served: ServedCall, item: object) -> Any:
        """Return the item as its reader gets it."""
        self._session.send_item(served, self._session.write_item(served, item))
        self._caller.feed(self._link.take())
        taken = self._caller.take_item(self._call)
        assert taken is not None
        body, credit = taken
        if credit:
            self._session.receive(credit)
        return ANYTHING.read(body)

    def _raise_failure(self, cause: Exception | None = None) -> None:
        self._caller.feed(self._link.take())
        if (failure := self._call.failure) is not None:
            raise error_of(failure, self._call.method, self._errors) from cause


def _in_a_loop(items: AsyncIterator[Any]) -> Iterator[Any]:
    with asyncio.Runner() as runner:
        while (item := runner.run(_following(items))) is not _END:
            yield item


async def _following(items: AsyncIterator[Any]) -> Any:
    return await anext(items, _END)


def _wait_for_nothing(session: Session) -> None:
    """What has to wait for its turn may go on: of one call nothing has."""
