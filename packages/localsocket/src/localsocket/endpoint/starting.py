"""Starting the server of an address on demand: of all who want it one starts it, and the others wait for that one.

Whoever finds nobody listening takes the lock `.NAME.start`, beside the one that a server owns its name by, looks once
more, and starts the program, which inherits the lock. So nobody starts a second one until the first listens, or has
ended, even where its starter is killed or gives up meanwhile. Then its starter lets go, for both.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from localsocket.endpoint.address import Endpoint
from localsocket.endpoint.daemon import Daemon
from localsocket.endpoint.files import companion_name, open_directory, translated
from localsocket.endpoint.fork_safety import close_in_forked_child, no_fork_meanwhile
from localsocket.endpoint.ownership import NameLock, check_our_file
from localsocket.errors import LocalSocketError, NameTaken, StartFailed, Unsupported
from localsocket.owned_descriptor import OwnedDescriptor

if TYPE_CHECKING:
    from localsocket.endpoint.detached import DetachedProcess

# A program that finds the name taken ends, and the server that took it may have a few system calls to go until it
# listens: so long, in seconds, it is looked for before the end is taken for a failure.
_OVERTAKEN = 0.25

_TOLD_BYTES = 4096
_TOLD_LINES = 10

_LOG_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC


class Starter:
    """Starts `daemon` for one who connects to `endpoint`, in steps that do not wait; one thread at a time may call.

    step() is for each attempt that has found nobody, done() for the one that found somebody, and close() for the end of
    trying, whatever ends it.
    """

    def __init__(self, endpoint: Endpoint, daemon: Daemon) -> None:
        if endpoint.is_abstract:
            raise Unsupported(
                f"{endpoint.address!r}: only a server at a name or a path can be started, because these have a lock"
            )
        self._endpoint = endpoint
        self._daemon = daemon
        self._directory: OwnedDescriptor | None = None
        self._lock: NameLock | None = None
        self._log: OwnedDescriptor | None = None
        self._log_begins = 0
        self._process: DetachedProcess | None = None
        self._ended_at: float | None = None
        close_in_forked_child(self)

    def step(self, reason: LocalSocketError) -> LocalSocketError:
        """Do what is next, and return why nobody is there yet, which is `reason` or more than that.

        Raises StartFailed when the program cannot be started, or has ended without listening.
        """
        if self._lock is None:
            self._take_lock()  # in the time that took, somebody may have begun to listen: the next attempt tells
        elif self._process is None:
            self._spawn()
        elif (status := self._process.poll()) is not None:
            return self._judge(status)
        return reason

    def done(self) -> None:
        """Somebody listens: let go of the lock, also for the program."""
        if self._lock is not None:
            self._lock.release()
        self._forget()

    def close(self) -> None:
        """Give up, or say done() again: a program that was started goes on, and keeps the lock until it ends."""
        if self._lock is None:
            return
        if self._process is not None and self._process.poll() is None:
            self._lock.drop_copy()
        else:
            self._lock.release()
        self._forget()

    # ------------------------------------------------------------------------------------------------------------------

    def _take_lock(self) -> None:
        endpoint = self._endpoint
        with no_fork_meanwhile():
            with translated(f"starting the server of {endpoint.address!r}"):
                directory = open_directory(endpoint, create=True)
            try:
                self._lock = NameLock.acquire(directory.number, endpoint, "start")
            except NameTaken:  # by somebody who starts it
                directory.close()
                return
            except BaseException:
                directory.close()
                raise
            self._directory = directory

    def _spawn(self) -> None:
        from localsocket.endpoint.detached import start_detached  # needed by the one that starts, and by nobody else

        assert self._lock is not None
        daemon = self._daemon
        try:
            with translated(f"opening the log of the server of {self._endpoint.address!r}"):
                self._log = self._open_log()
            self._process = start_detached(daemon, self._log.number, self._lock.descriptor)
        except LocalSocketError:
            self.close()
            raise
        except (OSError, ValueError) as error:
            self.close()
            said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise StartFailed(self._endpoint.address, daemon.command, None, reason=said) from error
        except BaseException:
            self.close()
            raise

    def _open_log(self) -> OwnedDescriptor:
        if self._daemon.log is not None:
            log = OwnedDescriptor.open(os.fspath(self._daemon.log), _LOG_FLAGS, 0o600)
            self._log_begins = os.fstat(log.number).st_size
        else:
            assert self._directory is not None
            name = companion_name(self._endpoint.file_name, "log")
            log = OwnedDescriptor.open(name, _LOG_FLAGS | os.O_NOFOLLOW, 0o600, dir_fd=self._directory.number)
            try:
                path = os.path.join(self._endpoint.directory, name)
                check_our_file(path, "a log", os.fstat(log.number), log.number)
                os.ftruncate(log.number, 0)
            except BaseException:
                log.close()
                raise
            self._log_begins = 0
        os.set_blocking(log.number, True)  # it is opened so that a fifo does not hold it up, and written as usual
        return log

    def _judge(self, status: int) -> LocalSocketError:
        """Return why nobody listens although the program has ended; raise that once nobody can be expected."""
        assert self._log is not None
        failed = StartFailed(
            self._endpoint.address, self._daemon.command, status, output=_last_lines(self._log.number, self._log_begins)
        )
        if status == 0:  # it may have made itself a daemon, and go on in a process that we do not know
            return failed
        now = time.monotonic()
        if self._ended_at is None:
            self._ended_at = now
        if now - self._ended_at < _OVERTAKEN:
            return failed
        self.close()
        raise failed

    def _forget(self) -> None:
        for owned in (self._log, self._directory):
            if owned is not None:
                owned.close()
        self._directory = self._lock = self._log = self._process = self._ended_at = None

    def _close_in_child(self) -> None:
        if self._lock is not None:
            self._lock.drop_copy()
        self._forget()


def _last_lines(log: int, begins: int) -> list[str]:
    """Return the last lines that were written since `begins`."""
    try:
        size = os.fstat(log).st_size
        first = max(begins, size - _TOLD_BYTES)
        text = os.pread(log, size - first, first)
    except OSError:  # a terminal, or a fifo
        return []
    lines = text.decode("utf-8", "backslashreplace").splitlines()
    if first > begins:
        del lines[:1]  # cut off at its beginning
    return [line for line in lines if line.strip()][-_TOLD_LINES:]
