"""Which local sockets listen, read from the kernel's own table: nobody is knocked at.

/proc/net/unix has the same table as text, but names stand in it as they are, with line endings if their owner likes,
so that anybody could write lines into it; and it does not say to which file a socket belongs.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from localsocket.tools.kernel_tables import read_whole

# From <linux/netlink.h>, <linux/sock_diag.h> and <linux/unix_diag.h>; see sock_diag(7).
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_REQUEST_DUMP = 0x301
_ERROR, _DONE = 2, 3
_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_REQUEST = struct.Struct("=BBHIIIII")  # family, protocol, padding, states, inode, what to show, cookie
_SOCKET = struct.Struct("=BBBBIII")  # family, type, state, padding, inode, cookie
_ATTRIBUTE = struct.Struct("=HH")  # length, type
_FILE = struct.Struct("=II")  # inode, device
_UID = struct.Struct("=I")
_UNCONNECTED, _LISTENING = 7, 10  # a datagram socket that has a name takes what anybody sends there
_ANY = 0xFFFFFFFF
_SHOW_NAME, _SHOW_FILE, _SHOW_UID = 0x01, 0x02, 0x40
_NAME, _VFS, _OWNER = 0, 1, 7

_LARGEST_ANSWER = 1 << 17


SocketKind: TypeAlias = Literal["stream", "datagram", "seqpacket"]

_KINDS: dict[int, SocketKind] = {
    socket.SOCK_STREAM: "stream",
    socket.SOCK_DGRAM: "datagram",
    socket.SOCK_SEQPACKET: "seqpacket",
}


@dataclass(frozen=True, slots=True)
class ListeningSocket:
    """A socket that others can come to: its name as it was bound, the device and inode of its file, and its owner.

    The inode has 32 bits here, however many the file's has. Older kernels do not tell the owner.
    """

    name: bytes
    file: tuple[int, int] | None
    uid: int | None
    kind: SocketKind = "stream"

    @property
    def is_abstract(self) -> bool:
        return self.name.startswith(b"\0")


def listening_sockets() -> list[ListeningSocket]:
    """Return the sockets that listen in this network namespace, and the datagram sockets that have a name.

    Empty where there is no such table.
    """
    return list(read_whole(_read_once)) if hasattr(socket, "AF_NETLINK") else []


def _read_once() -> dict[ListeningSocket, None]:
    show = _SHOW_NAME | _SHOW_FILE | _SHOW_UID
    request = _REQUEST.pack(socket.AF_UNIX, 0, 0, 1 << _LISTENING | 1 << _UNCONNECTED, 0, show, _ANY, _ANY)
    header = _HEADER.pack(_HEADER.size + len(request), _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, 1, 0)
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as kernel:
            kernel.send(header + request)
            return dict.fromkeys(found for body in _answers(kernel) if (found := _parse(body)) is not None)
    except OSError:
        return {}


def _answers(kernel: socket.socket) -> Iterator[bytes]:
    while True:
        answer = kernel.recv(_LARGEST_ANSWER)
        while answer:
            length, kind, *_ = _HEADER.unpack_from(answer)
            if kind in (_DONE, _ERROR):
                return
            yield answer[_HEADER.size : length]
            answer = answer[_aligned(length) :]


def _parse(body: bytes) -> ListeningSocket | None:
    """Return the socket; None for one that nobody can come to."""
    _, kind, state, *_ = _SOCKET.unpack_from(body)
    if kind not in _KINDS or (state == _LISTENING) is (kind == socket.SOCK_DGRAM):
        return None
    attributes = {}
    rest = body[_SOCKET.size :]
    while rest:
        length, which = _ATTRIBUTE.unpack_from(rest)
        attributes[which] = rest[_ATTRIBUTE.size : length]
        rest = rest[_aligned(length) :]
    file = None
    if _VFS in attributes:
        inode, device = _FILE.unpack(attributes[_VFS])
        file = os.makedev(device >> 20, device & 0xFFFFF), inode
    uid = _UID.unpack(attributes[_OWNER])[0] if _OWNER in attributes else None
    name = attributes.get(_NAME, b"")
    return ListeningSocket(name, file, uid, _KINDS[kind]) if name or state == _LISTENING else None


def _aligned(length: int) -> int:
    return (length + 3) & ~3
