"""Who the other end is, as the kernel recorded it: never from a name or anything the peer sent."""

from __future__ import annotations

import errno
import os
import re
import signal
import socket
import struct
import sys
import weakref
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from localsocket.endpoint.identities import INVALID_ID, Certainty, certainty_of_gid, certainty_of_uid, read_small_file
from localsocket.errors import ClosedByUs, PeerGone, PeerRefused, PeerUnknown, Unsupported
from localsocket.owned_descriptor import OwnedDescriptor

if TYPE_CHECKING:
    from localsocket.values.descriptors import Fd


@dataclass(frozen=True, slots=True)
class PeerCredentials:
    """The process at the other end when the connection was made; for a server, when it began to listen.

    Base decisions on `uid` and `gid`; `pid` is for information only: the process may have ended, its number may belong
    to another by now, or it may have passed the socket on. pidfd() refers to that process and no other.
    """

    pid: int
    uid: int
    gid: int
    _socket: weakref.ref[socket.socket] | None = field(default=None, repr=False, compare=False, kw_only=True)

    def pidfd(self) -> Fd:
        """Return a descriptor that refers to this very process and never to another; the caller closes it.

        It becomes readable when the process ends (`select.poll`), and `signal.pidfd_send_signal()` reaches that process
        or none. It comes from the kernel's record of the connection (SO_PEERPIDFD, Linux 6.5), never from the pid,
        which may belong to another process by now. What you read from `/proc/PID` belongs to that process if it is
        still running afterwards.

        Raises PeerGone if the process has ended, ClosedByUs once the connection is closed here, and Unsupported if the
        kernel does not have this, or has not said who the peer is.
        """
        if self._socket is None:
            raise Unsupported(
                "no connection on this machine tells who this is: pidfd() works only for the peer of a socket"
            )
        if (sock := self._socket()) is None or sock.fileno() < 0:
            raise ClosedByUs("the connection")
        from localsocket.values.descriptors import Fd  # for who asks

        try:
            process = Fd._made_by(partial(sock.getsockopt, socket.SOL_SOCKET, _SO_PEERPIDFD))
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ESRCH):  # until Linux 6.16, when it has been waited for
                raise PeerGone(self.pid) from error
            raise Unsupported(f"this kernel does not report the process of a peer: {error.strerror}") from error
        try:
            signal.pidfd_send_signal(process.fileno(), 0)
        except ProcessLookupError as error:
            process.close()
            raise PeerGone(self.pid) from error
        except PermissionError:
            pass  # it is there, and another user's
        return process

    def _of(self, sock: socket.socket) -> PeerCredentials:
        """Return the same, for as long as this connection is open."""
        return replace(self, _socket=weakref.ref(sock))


EVERYBODY: Final = PeerCredentials(0, INVALID_ID, INVALID_ID)
"""Stands for whoever calls where no kernel tells who that is, and it was said that everybody may: itself, no equal."""

SAME_USER: Final = "the same user or root"
"""Admit this process's own (effective) user, and root: the default in both directions."""

ANY_USER: Final = "any user"
"""Admit everybody whom the kernel can identify."""

AllowedUsers: TypeAlias = str | Collection[int]
"""SAME_USER, ANY_USER, or the uids to admit and no other."""

_UCRED = struct.Struct("=iII")  # struct ucred of unix(7): pid_t, uid_t, gid_t
_SO_PEERPIDFD = 77  # of <asm-generic/socket.h>, since Linux 6.5; Python has no name for it yet


def read_credentials(sock: socket.socket) -> PeerCredentials:
    """Return who is at the other end of a connected socket.

    Raises PeerUnknown where the kernel cannot say. SO_PEERCRED answers (0, -1, -1) without an error for unconnected
    and TCP sockets, pid 0 for a process that this pid namespace cannot see, and the overflow ids for users and groups
    that this user namespace does not map: none of these is an identity.
    """
    try:
        credentials = _read_linux(sock) if sys.platform == "linux" else _read_bsd(sock)
    except OSError as error:
        raise PeerUnknown(None, SAME_USER) from error
    if credentials.pid <= 0 or credentials.uid in (-1, INVALID_ID):
        raise PeerUnknown(None, SAME_USER)
    try:
        _check_mapped(sock, credentials)
    except OSError as error:
        if isinstance(error, PeerUnknown):
            raise
        reason = f"what its ids mean here could not be looked up ({error.strerror})"
        raise PeerUnknown(None, SAME_USER, reason) from error
    return credentials


def check_allowed_users(allow: AllowedUsers, name: str) -> AllowedUsers:
    """Return `allow` in a form that nobody changes later, or raise TypeError or ValueError naming the parameter."""
    if isinstance(allow, str):
        if allow not in (SAME_USER, ANY_USER):
            raise ValueError(f"{name} must be SAME_USER, ANY_USER or a collection of uids, not {allow!r}")
        return allow
    is_collection = isinstance(allow, Collection) and not isinstance(allow, (bytes, bytearray, memoryview))
    if not is_collection or not all(type(uid) is int and uid >= 0 for uid in allow):
        raise TypeError(f"{name} must be SAME_USER, ANY_USER or a collection of uids, not {allow!r}")
    return tuple(allow)


def check_peer(peer: PeerCredentials, allow: AllowedUsers) -> None:
    """Raise PeerRefused unless `allow` admits the peer."""
    if allow == ANY_USER:
        return
    uids = sorted({os.geteuid(), 0}) if isinstance(allow, str) else allow
    if peer.uid not in uids:
        raise PeerRefused(peer, tuple(uids))


def _check_mapped(sock: socket.socket, credentials: PeerCredentials) -> None:
    """Raise PeerUnknown for ids that the kernel shows for every stranger, unless it is known that this is none."""
    for certainty, what in (
        (certainty_of_uid(credentials.uid), f"uid {credentials.uid}"),
        (certainty_of_gid(credentials.gid), f"gid {credentials.gid}"),
    ):
        if certainty is Certainty.KNOWN or (certainty is Certainty.SHARED and _is_of_our_namespace(sock)):
            continue
        reason = f"{what} stands for everybody whom this user namespace does not map (process {credentials.pid})"
        raise PeerUnknown(None, SAME_USER, reason)


def _is_of_our_namespace(sock: socket.socket) -> bool:
    """Whether the process at the other end lives in this process's user namespace, so that its ids are mapped.

    Nobody gets in there but its own processes and whoever rules over it. False where the kernel is older than 6.5, or
    the process is gone. The pid alone would be no evidence: it can be another process's by the time one looks.

    A process of another namespace shows another map, since the kernel tells it in ids of whoever reads: what is outside
    of the reader's namespace reads as -1. The link /proc/PID/ns/user would say the same, but not of a process that
    has changed its user, whose links are closed to others.
    """
    try:
        owned = OwnedDescriptor.made_by(partial(sock.getsockopt, socket.SOL_SOCKET, _SO_PEERPIDFD))
    except OSError:
        return False
    with owned as process:
        try:
            theirs = read_small_file(f"/proc/{_pid_behind(process.number)}/uid_map")
            # Last: as long as the process is there, its pid is nobody else's.
            signal.pidfd_send_signal(process.number, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass  # it is there, and another user's
        return bool(theirs) and theirs == read_small_file("/proc/self/uid_map")


def _pid_behind(pidfd: int) -> int:
    found = re.search(rb"^Pid:\s*(\d+)$", read_small_file(f"/proc/self/fdinfo/{pidfd}"), re.MULTILINE)
    return int(found[1]) if found else -1  # it is gone


def _read_linux(sock: socket.socket) -> PeerCredentials:
    option = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    return PeerCredentials(*_UCRED.unpack(option))


def _read_bsd(sock: socket.socket) -> PeerCredentials:  # pragma: no cover - written from the headers, never run
    # struct xucred of <sys/ucred.h>: version, uid, number of groups, groups. macOS keeps the pid in LOCAL_PEERPID,
    # FreeBSD 13 and newer in the padded union after the groups.
    sol_local, local_peercred, local_peerpid = 0, 1, 2
    xucred = struct.Struct("=IIhxx16I")
    option = sock.getsockopt(sol_local, local_peercred, 256)
    _version, uid, _count, gid, *_groups = xucred.unpack_from(option)
    if sys.platform == "darwin":
        pid = sock.getsockopt(sol_local, local_peerpid)
    else:
        (pid,) = struct.unpack_from("=i", option.ljust(xucred.size + 8, b"\0"), (xucred.size + 7) & ~7)
    return PeerCredentials(pid, uid, gid)
