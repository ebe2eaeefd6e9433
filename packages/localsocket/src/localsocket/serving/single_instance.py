"""One copy of a program: the first one serves, each later one hands over what it was started with, and ends."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import TypeAlias

import msgspec

from localsocket.blocking.client import Client
from localsocket.deadlines import Deadline
from localsocket.errors import CallFailed, ClosedByPeer, LocalSocketError, NameTaken, ServerNotFound, ServerRefused
from localsocket.forgotten import warn_forgotten
from localsocket.interfaces import MIB
from localsocket.keywords import known_keywords
from localsocket.services.limits import CallLimits
from localsocket.services.service import Service
from localsocket.serving.server_thread import ServerThread

DESKTOP = ("DISPLAY", "WAYLAND_DISPLAY", "XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID", "LANG")
"""The variables of the environment that a program on a desktop needs to open a window for a later start."""

_LOOK_AGAIN = 0.01
_LIMITS = CallLimits(message=16 * MIB)  # more than a system lets a program be started with


class Start(msgspec.Struct, frozen=True):
    """The arguments, directory and environment of a later copy."""

    arguments: list[str]
    directory: str
    environment: dict[str, str]


OnStart: TypeAlias = Callable[[Start], int | None]
"""Called in the first copy, in a thread of its own, for each later one; gives the exit status of that, None is 0.

It may also raise SystemExit, as argparse does. A Qt signal's emit() will do: the True that it gives is 0.
"""


class SingleInstance:
    """The only copy of a program for this user; `address` is a name, or any other address.

    Entering it makes this process the first copy until it leaves or dies. If there is a first copy already, that copy
    calls its `on_start` with the arguments of this one, and this process ends with the exit status that `on_start`
    returns (SystemExit). In three lines:

        with localsocket.SingleInstance("editor", on_start=open_files):
            main()

    `arguments` are by default those of this process; `environment` names the variables to pass along. Finding out who
    is first takes up to `timeout` seconds; the time that `on_start` takes does not count.

    If the first copy failed, or died after it had the arguments, SystemExit has a message instead of a status: it is
    not known whether the first copy did what was asked, and it is not asked again.
    """

    @known_keywords
    def __init__(
        self,
        address: str | os.PathLike[str],
        *,
        on_start: OnStart | None = None,
        arguments: Sequence[str] | None = None,
        environment: Iterable[str] = DESKTOP,
        timeout: float = 10.0,
    ) -> None:
        self.address = os.fspath(address)
        self._on_start = on_start
        self._arguments = list(sys.argv[1:] if arguments is None else arguments)
        self._environment = {name: os.environ[name] for name in environment if name in os.environ}
        self._timeout = Deadline(timeout).timeout
        self._thread: ServerThread | None = None

    @property
    def is_first(self) -> bool:
        """Whether this process is the first copy and is still serving as such; a forked child of it is not."""
        return self._thread is not None and not self._thread.stopped.is_set()

    def claim(self) -> int | None:
        """Return None if this is the first copy now, otherwise the exit status that the first copy gave for this start.

        For programs that have something to do before they end. Raises DeadlinePassed, what listen() raises except
        NameTaken, and CallFailed or ClosedByPeer if the call failed in the first copy.
        """
        deadline = Deadline(self._timeout)
        while True:
            try:
                self._serve()
            except NameTaken:
                pass
            else:
                return None
            # The owner may not be listening yet, and may be gone again before it does.
            if (client := self._connect(deadline)) is not None:
                with client:
                    status = client.call("start", *self._handed_over())
                return int(status)
            if deadline.has_passed():
                raise deadline.error(f"becoming or finding the first copy at {self.address!r}")
            time.sleep(_LOOK_AGAIN)

    def close(self) -> None:
        """Stop being the first copy; another start can then become it. Closing again has no effect."""
        thread, self._thread = self._thread, None
        if thread is not None and thread._parent is None:  # else it stays with the process that forked this one
            thread.stop()

    def __enter__(self) -> SingleInstance:
        try:
            status = self.claim()
        except (CallFailed, ClosedByPeer) as error:
            raise SystemExit(f"{self.address}: another copy is running, and failed: {error}") from error
        if status is not None:
            raise SystemExit(status)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_thread", None) is not None and self.is_first:
            warn_forgotten(self)

    def __repr__(self) -> str:
        return f"<SingleInstance {self.address!r}, {'the first' if self.is_first else 'not the first'}>"

    # ------------------------------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        service = Service("single_instance", limits=_LIMITS)
        service.method(_answering(self._on_start), name="start")
        thread = ServerThread(self.address, service)
        thread._is_owned = True
        thread.start()
        self._thread = thread

    def _handed_over(self) -> tuple[list[bytes], bytes, dict[str, bytes]]:
        try:
            directory = os.getcwd()
        except FileNotFoundError:  # removed since, and nothing will be found in it
            directory = os.environ.get("PWD", "/")
        environment = {name: os.fsencode(value) for name, value in self._environment.items()}
        return [os.fsencode(each) for each in self._arguments], os.fsencode(directory), environment

    def _connect(self, deadline: Deadline) -> Client | None:
        """Return a client of the first copy, or None where nobody answers now."""
        client = Client(self.address, timeout=deadline.remaining())
        try:
            client.open()
        except (ServerNotFound, ServerRefused, ClosedByPeer):
            client.close()
            return None
        except LocalSocketError:
            client.close()
            raise
        return client


def _answering(on_start: OnStart | None) -> Callable[[list[bytes], bytes, dict[str, bytes]], int]:
    """Return the method that is called for each later start; it does not hold the SingleInstance, to be forgotten.

    A file's name is bytes, and need not be a text.
    """

    def answer(arguments: list[bytes], directory: bytes, environment: dict[str, bytes]) -> int:
        start = Start(
            [os.fsdecode(each) for each in arguments],
            os.fsdecode(directory),
            {name: os.fsdecode(value) for name, value in environment.items()},
        )
        try:
            status = None if on_start is None else on_start(start)
        except SystemExit as end:
            status = end.code if end.code is None or isinstance(end.code, int) else 1
        return 0 if status is None or status is True else status

    return answer
