"""Descriptors over a connected Unix stream socket, beside its bytes (SCM_RIGHTS).

`send(sock, data, numbers)` sends them with the first of these bytes, and `receive(sock, size, most)` returns bytes and
the descriptors that came with them. Neither waits where the socket does not. What comes out of the kernel is owned at
once, by a `DescriptorBatch`, and is close-on-exec.

The kernel keeps bytes and descriptors in order: bytes that came before some may be received along with them, and those
that came after them never are. So one call gives those of one send() at most, and the byte that they came with is
among its bytes. Plain recv() closes what it meets; tests/payload/test_passing.py measures both.

Linux lets 253 go with one send(), and so many of a user be on their way as it may have files open (ETOOMANYREFS).
"""

from __future__ import annotations

import array
import errno
import operator
import socket
from collections.abc import Collection
from functools import partial
from itertools import compress
from typing import Final, NamedTuple, TypeAlias

from localsocket.errors import PeerBrokeProtocol
from localsocket.interfaces import Buffer
from localsocket.values.descriptors import DescriptorBatch, numbers_in

SENT_AT_ONCE: Final = 253
"""SCM_MAX_FD of <net/scm.h>."""

_FLAGS = getattr(socket, "MSG_CMSG_CLOEXEC", 0)  # another thread may start a program right after they have come
_RIGHTS = (socket.SOL_SOCKET, getattr(socket, "SCM_RIGHTS", -1))
_KIND_OF, _DATA_OF = operator.itemgetter(0, 1), operator.itemgetter(2)
_INT = array.array("i").itemsize

_Message: TypeAlias = tuple[bytes, list[tuple[int, int, bytes]], int, object]


class Came(NamedTuple):
    """What one call has received. `is_cut`: there were more descriptors, which the kernel has closed."""

    data: bytes
    descriptors: DescriptorBatch
    is_cut: bool


def send(sock: socket.socket, data: Buffer, numbers: Collection[int], flags: int = 0) -> int:
    """Send bytes, and descriptors with the first of them; return how many bytes the kernel has taken.

    One at least, or the socket's error is raised: then neither was sent. The descriptors stay the caller's, who may
    close them at once: what is on its way has copies. Raises OSError with ETOOMANYREFS where too many are.
    """
    if not data:
        raise ValueError("descriptors can only be sent with bytes, and there are none")
    return sock.sendmsg([data], [(*_RIGHTS, array.array("i", numbers))], flags)


def receive(sock: socket.socket, size: int, most: int) -> tuple[bytes, DescriptorBatch]:
    """Receive at most `size` bytes and `most` descriptors; no bytes at the end of the stream.

    Raises PeerBrokeProtocol, when all of them are closed, where more came: nothing may be received any more then.
    """
    came = receive_all(sock, size, most)
    if came.is_cut:
        came.descriptors.close()
        raise PeerBrokeProtocol(too_many(most))
    return came.data, came.descriptors


def receive_all(sock: socket.socket, size: int, most: int) -> Came:
    """Do what receive() does, and leave it to the caller to end a connection from which more came."""
    # CMSG_LEN and not CMSG_SPACE: what would be padding is room for one more.
    wait = partial(sock.recvmsg, size, socket.CMSG_LEN(most * _INT), _FLAGS)
    messages: list[_Message] = []
    descriptors = DescriptorBatch()
    try:
        # A handler may run once a function has returned, but not within extend() and own().
        messages.extend(map(operator.call, [wait]))
        _own(descriptors, messages)
        data, _, flags, _ = messages[0]
        return Came(data, descriptors, bool(flags & socket.MSG_CTRUNC))
    except BaseException:
        _own(descriptors, messages)
        descriptors.close()
        raise


def _own(descriptors: DescriptorBatch, messages: list[_Message]) -> None:
    for _, beside, _, _ in messages:
        # Others may be there, where who gave the socket has asked for them: credentials are no descriptors.
        are_rights = map(_RIGHTS.__eq__, map(_KIND_OF, beside))
        descriptors.own(numbers_in(compress(map(_DATA_OF, beside), are_rights)))


def too_many(most: int) -> str:
    """Return what is to be said of a peer that sent more than `most`."""
    if not most:
        return "the peer sent descriptors, which was not agreed on"
    return f"the peer sent more than {most} descriptors at once, or this process cannot open any more"


def is_too_much_under_way(error: OSError) -> bool:
    """Whether send() failed since too many descriptors of this user are on their way."""
    return error.errno == errno.ETOOMANYREFS
