"""Whether those whom a server lets in can get to it: its socket file and the directories on the way have to agree.

Connecting needs the write bit of the file and the search bit of every directory. Where it cannot be told who may do
what (an access control list, an account that this system does not know) nobody is refused for it.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from localsocket.endpoint.address import Endpoint, EndpointKind
from localsocket.endpoint.credentials import ANY_USER, AllowedUsers
from localsocket.errors import UnsuitableAllow

PRIVATE_MODE = 0o600
PUBLIC_MODE = 0o666

_SEARCH, _WRITE = 0o1, 0o2


def mode_for(allow: AllowedUsers) -> int:
    """Return the permissions of a socket file, when none are asked for: as wide as `allow`, which is looked at too."""
    return PUBLIC_MODE if allow == ANY_USER or _other_users(allow) else PRIVATE_MODE


def check_reachable(endpoint: Endpoint, allow: AllowedUsers, mode: int) -> None:
    """Raise UnsuitableAllow if somebody whom `allow` lets in could not connect to a file with `mode` at `endpoint`."""
    if allow != ANY_USER and not _other_users(allow):
        return
    if endpoint.kind is EndpointKind.NAME:
        raise UnsuitableAllow(
            endpoint.address,
            endpoint.directory,
            f"allow={_in_words(allow)} lets others in, but a name is in this user's private directory, "
            f"{endpoint.directory!r}, which nobody else may enter; listen at a path in a directory that they may enter "
            f"and only its owner may change, such as /run/{endpoint.file_name}.sock, or keep allow=SAME_USER",
        )
    _check_way(endpoint, allow, mode, os.geteuid(), _group_of_new_file(endpoint.directory), "mode")


def check_adopted(endpoint: Endpoint | None, allow: AllowedUsers) -> None:
    """As check_reachable(), for a file that somebody else made; nothing is known about one that has no address."""
    if endpoint is None or endpoint.is_abstract:
        return
    try:
        status = os.stat(endpoint.location)
    except OSError:
        return
    what = "the mode of its file (SocketMode= of a systemd unit)"
    _check_way(endpoint, allow, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, what)


@dataclass(frozen=True)
class _Visitor:
    """Somebody who is to get through. `uid` None is anybody; `groups` None, that they are not known."""

    name: str
    uid: int | None
    groups: frozenset[int] | None

    def may(self, bit: int, mode: int, owner: int, group: int, *, has_acl: bool = False) -> bool:
        if self.uid == owner:
            return bool(mode & bit << 6)
        if self.groups is None or has_acl:  # with a list, the group's bits are the most that anybody on it has
            return bool(mode & (bit << 3 | bit))
        return bool(mode & bit << 3) if group in self.groups else bool(mode & bit)


def _check_way(endpoint: Endpoint, allow: AllowedUsers, mode: int, owner: int, group: int, what: str) -> None:
    for visitor in _visitors(allow, mode):
        if not visitor.may(_WRITE, mode, owner, group):
            raise UnsuitableAllow(
                endpoint.address,
                endpoint.location,
                f"allow={_in_words(allow)} lets in {visitor.name}, and {what} {mode:04o} does not let them connect, "
                f"which needs the write bit; give it mode {PUBLIC_MODE:04o} (allow= still turns away everybody "
                "whom it does not name), or change allow=",
            )
        for directory, status in _way_to(endpoint.directory):
            has_acl = _has_acl(directory)
            if not visitor.may(_SEARCH, status.st_mode, status.st_uid, status.st_gid, has_acl=has_acl):
                raise UnsuitableAllow(
                    endpoint.address,
                    directory,
                    f"allow={_in_words(allow)} lets in {visitor.name}, and the directory {directory!r} "
                    f"(mode {stat.S_IMODE(status.st_mode):04o}) does not let them through; choose a path in a "
                    f"directory that they may enter, or run: chmod o+x {directory}; or change allow=",
                )


def _visitors(allow: AllowedUsers, mode: int) -> Iterator[_Visitor]:
    if allow == ANY_USER:
        if mode & _WRITE or not mode & _WRITE << 3:
            yield _Visitor("any user", None, frozenset())
        else:  # who asks for 0660 means the members of a group, whichever they are
            yield _Visitor("the members of a group", None, None)
        return
    for uid in _other_users(allow):
        yield _Visitor(f"uid {uid}", uid, _groups_of(uid))


def _other_users(allow: AllowedUsers) -> list[int]:
    """Return the uids that `allow` lists besides this process's, and root's, whom no mode keeps out."""
    return [] if isinstance(allow, str) else [uid for uid in allow if uid not in (os.geteuid(), 0)]


def _in_words(allow: AllowedUsers) -> str:
    return "ANY_USER" if allow == ANY_USER else repr(list(allow))


def _groups_of(uid: int) -> frozenset[int] | None:
    try:
        account = pwd.getpwuid(uid)
        return frozenset(os.getgrouplist(account.pw_name, account.pw_gid))
    except (KeyError, OSError):
        return None


def _group_of_new_file(directory: str) -> int:
    try:
        status = os.stat(directory)
    except OSError:
        return os.getegid()
    return status.st_gid if status.st_mode & stat.S_ISGID else os.getegid()


def _way_to(directory: str) -> Iterator[tuple[str, os.stat_result]]:
    """Give every directory that is passed, also by symbolic links; what cannot be looked at is left out."""
    seen = set()
    for path in (directory, os.path.realpath(directory)):
        while path not in seen:
            seen.add(path)
            status = None
            with contextlib.suppress(OSError):  # opening it tells what is wrong
                status = os.stat(path)
            if status is not None:
                yield path, status
            path = os.path.dirname(path)


def _has_acl(path: str) -> bool:
    try:
        return bool(os.getxattr(path, "system.posix_acl_access"))
    except (AttributeError, OSError):  # a system, or a file system, without
        return False
