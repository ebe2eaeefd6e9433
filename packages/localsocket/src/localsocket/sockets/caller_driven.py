"""A socket that its caller drives: all of its waiting calls but the waiting itself."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Self

from localsocket.deadlines import Deadline
from localsocket.endpoint.adopting import adopt_connection
from localsocket.endpoint.credentials import SAME_USER, AllowedUsers, PeerCredentials, check_allowed_users
from localsocket.endpoint.fork_safety import no_fork_meanwhile
from localsocket.errors import DeadlinePassed
from localsocket.interfaces import DEFAULT_LIMITS, Buffer, Limits, OpenMode, SocketState, check_mode
from localsocket.keywords import known_keywords
from localsocket.sockets.connected_socket import ConnectedSocket, T
from localsocket.sockets.connection import SEND_FLAGS, Connection

CLOSE_TIMEOUT = 5.0
"""Seconds that close() gives the peer to take what is unsent, unless told otherwise."""


class CallerDrivenSocket(ConnectedSocket):
    """What the LocalSockets of all faces share.

    Each condition below is tried again whenever something has changed: None says that it has to be waited for, and
    the lock is held. A face fills in how one waits.
    """

    __slots__ = ()

    @classmethod
    @known_keywords
    def adopt_descriptor(
        cls,
        descriptor: int,
        *,
        allow_peer: AllowedUsers = SAME_USER,
        mode: OpenMode = "rw",
        limits: Limits = DEFAULT_LIMITS,
    ) -> Self:
        """Take over a connected Unix stream socket's descriptor; it becomes non-blocking and close-on-exec.

        Raises UnsuitableDescriptor, or PeerRefused if `allow_peer` does not admit the other end; the descriptor then
        still belongs to the caller.
        """
        check_mode(mode)
        sock, peer = adopt_connection(descriptor, check_allowed_users(allow_peer, "allow_peer"))
        return cls(sock, address="", peer=peer, mode=mode, limits=limits)

    @classmethod
    def adopt(cls, other: Connection) -> Self:
        """Take over the connection of another socket, of any API, with all data that is read ahead or unsent.

        `other` counts as closed from then on. Raises Busy, and changes nothing, while a transaction is open on it or a
        call is waiting on it.
        """
        connection = other._hand_over()
        socket = cls(
            connection.sock,
            address=other.address,
            peer=other.peer,
            mode=other.mode,
            limits=other.limits,
            on_closed=connection.on_closed,
        )
        socket._take_over(connection)
        if socket._unsent:
            with socket._lock:
                socket._has_queued()
        return socket

    @classmethod
    def pair(cls, *, limits: Limits) -> tuple[Self, Self]:
        """Return two sockets connected to each other; see pair() in each API."""
        with no_fork_meanwhile():
            ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
            for end in ends:
                end.setblocking(False)
            us = PeerCredentials(os.getpid(), os.geteuid(), os.getegid())
            first, second = (cls(end, address="", peer=us, limits=limits) for end in ends)
            return first, second

    # --- conditions ---------------------------------------------------------------------------------------------------

    def _is_readable(self) -> bool | None:
        self._check_readable()
        self._settle()
        if len(self._received):
            return True
        if self._received.has_ended:
            return False
        self._received.check_more_can_come(1)
        return None

    def _is_flushed(self) -> bool | None:
        self._check_open()
        self._check_can_be_sent()
        return not self._unsent or None

    def _end_flushed_writing(self) -> bool | None:
        # In one step with finding the queue empty, lest another thread's write is cut in two.
        if self._is_flushed() is None:
            return None
        self._end_writing()
        return True

    def _is_drained(self) -> bool | None:
        return not self._unsent or self._state is SocketState.CLOSED or None

    def _is_sent(self, end: int) -> bool | None:
        if self._unsent.total_sent >= end:
            return True
        self._check_writable()
        return None

    def _is_disconnected(self) -> bool | None:
        self._check_open()
        return self._is_hung_up() or None

    def _enqueue(self, data: Buffer) -> int | None:
        self._check_writable()
        if self._unsent.has_room_for(len(data)):
            return self._unsent.append(data)
        return None

    def _take_some(self, max_bytes: int | None) -> bytes | None:
        taken = self._received.take_some(max_bytes)
        if taken == b"" and self._failure and max_bytes != 0:
            raise self._failure()
        return taken

    def _try_to_read(self, take: Callable[[], T | None]) -> T | None:
        """Return what `take` gives; None also while others read in a transaction."""
        if self._transaction_owner is not None:
            self._check_open()
            if self._is_others_transaction():
                return None
        self._check_readable()
        self._settle()
        taken = self._take(take)
        if self._is_held and taken is not None:
            self._made_room()
        return taken

    # --- the steps of waiting calls; the lock is held -----------------------------------------------------------------

    def _begin_write(self, data: Buffer) -> int | None:
        """Send what the kernel takes of `data` now. Return None when that is all, 0 when it is nothing.

        Otherwise the rest is queued, and what total_sent will be when it is out is returned.
        """
        if not self._is_writable:
            self._check_writable()
        was_queued = bool(self._unsent.size)
        try:
            sent = 0 if was_queued else self._send(data, SEND_FLAGS)
            if sent == len(data):
                return None
            return self._unsent.append(memoryview(data)[sent:]) if sent else 0
        except BlockingIOError:
            return 0
        except OSError as error:
            raise self._note_write_failure(error, len(data)) from error
        except BaseException:
            self._interrupted_write(len(data), was_queued=was_queued)
            raise

    def _break_off_write(self, error: BaseException, end: int, deadline: Deadline) -> bool:
        """Keep what a write that breaks off has queued; return whether all of it is out after all."""
        self._unsent.copy_borrowed()
        if isinstance(error, DeadlinePassed) and end:
            if (queued := end - self._unsent.total_sent) <= 0:
                return True  # somebody else has sent the rest since
            raise deadline.error("writing", queued=queued) from None
        return False

    def _begin_close(self) -> bool:
        """Start closing; False when that has been done before."""
        if self._state is not SocketState.CONNECTED:
            return False
        self._start_closing()
        return True
