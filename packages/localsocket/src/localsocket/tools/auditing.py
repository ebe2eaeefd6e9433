"""Every endpoint of this machine that this user can see: who may connect to each, and what is wrong with that.

Who may connect is what the kernel lets in: by the mode of the socket file, and of each directory on the way to it. What
a server asks of those who come, as ours do by default, cannot be seen from here.
"""

from __future__ import annotations

import functools
import grp
import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath

from localsocket.endpoint.files import companion_name
from localsocket.endpoint.runtime_directory import runtime_directory
from localsocket.tools.endpoints import (
    EndpointState,
    FoundEndpoint,
    ServedNow,
    abstract_endpoints,
    endpoints_in,
    named_endpoints,
)
from localsocket.tools.listening_sockets import listening_sockets

# Where sockets are kept, and how many levels of directories are looked into.
_ROOTS = {"/run": 4, "/var/run": 2, "/tmp": 2, "/var/tmp": 2}  # noqa: S108 - looked at, and nothing is put there

EVERYONE = "everyone"

OPEN, ABSTRACT, SHARED, LEFT = "LS101", "LS104", "LS105", "LS209"


@dataclass(frozen=True, slots=True)
class Objection:
    """What is wrong with an endpoint: the reviewer's rule for it, what is so here, and how it is put right."""

    rule: str
    said: str
    repair: str


@dataclass(frozen=True, slots=True)
class AuditedEndpoint:
    """An endpoint, the mode of its directory, who may connect, and what is wrong. `is_ours` where it has our lock."""

    found: FoundEndpoint
    directory_mode: int | None
    may_connect: str
    is_ours: bool
    objections: list[Objection] = field(default_factory=list)


def audited_endpoints() -> list[AuditedEndpoint]:
    """Return what there is in the kernel's tables, the runtime directories and those for temporary files.

    Raises InsecureDirectory where the runtime directory is not to be trusted.
    """
    served = ServedNow()
    found = {each.path: each for each in named_endpoints()}
    for directory in _directories():
        try:
            for each in endpoints_in(directory, served):
                found.setdefault(each.path, each)
        except OSError:  # gone meanwhile, or not to be read
            continue
    ways = _Ways()
    on_disk = [ways.audited(each, path) for path, each in sorted(found.items(), key=lambda item: item[0] or "") if path]
    return [*on_disk, *map(_audited_abstract, abstract_endpoints())]


def _directories() -> set[str]:
    """Return the directories that have sockets in them."""
    named = runtime_directory()
    directories: set[str] = set()
    for root, depth in {**_ROOTS, os.environ.get("XDG_RUNTIME_DIR", "/run"): 3}.items():
        directories.update(_with_sockets(os.path.realpath(root), depth))
    for each in listening_sockets():
        path = os.fsdecode(each.name.rstrip(b"\0"))
        if path.startswith("/"):
            directories.add(os.path.realpath(os.path.dirname(path)))
    return directories - {os.path.realpath(named)}


def _with_sockets(directory: str, depth: int) -> Iterator[str]:
    has_socket = False
    deeper = []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    deeper.append(entry.path)
                # What is none of these is a socket, a pipe or a device; most need no stat() for that.
                elif not entry.is_symlink() and not entry.is_file(follow_symlinks=False):
                    has_socket = True
    except OSError:
        return
    if has_socket:
        yield directory
    for each in deeper if depth > 1 else ():
        yield from _with_sockets(each, depth - 1)


class _Ways:
    """Who may come to a file, with each directory asked once."""

    def __init__(self) -> None:
        self._status = functools.cache(_status_of)

    def audited(self, found: FoundEndpoint, path: str) -> AuditedEndpoint:
        status = self._status(path)
        parents = [each for parent in PurePath(path).parents if (each := self._status(str(parent))) is not None]
        directory = parents[0] if parents else None
        if status is None or directory is None:
            return AuditedEndpoint(found, None, "unknown", is_ours=False)
        others = bool(status.st_mode & stat.S_IWOTH) and all(each.st_mode & stat.S_IXOTH for each in parents)
        group = bool(status.st_mode & stat.S_IWGRP) and all(_lets_in(each, status.st_gid) for each in parents)
        may_connect = _name_of(status.st_uid)
        if others:
            may_connect = EVERYONE
        elif group and not _is_private(status.st_gid, status.st_uid):
            may_connect = f"{may_connect}, group {_group_name(status.st_gid)}"
        is_ours = os.path.exists(os.path.join(os.path.dirname(path), companion_name(os.path.basename(path), "lock")))
        mode = stat.S_IMODE(directory.st_mode)
        return AuditedEndpoint(
            found, mode, may_connect, is_ours=is_ours, objections=list(_objections(found, path, mode, may_connect))
        )


def _objections(found: FoundEndpoint, path: str, directory_mode: int, may_connect: str) -> Iterator[Objection]:
    directory = os.path.dirname(path)
    if may_connect == EVERYONE:
        yield Objection(OPEN, "every user of this machine may connect", f"chmod 600 {path}, or a directory of mode 700")
    elif ", group " in may_connect:
        _, _, group = may_connect.partition(", group ")
        yield Objection(OPEN, f"everybody in the group {group} may connect", f"chmod 600 {path}")
    if directory_mode & stat.S_IWOTH:
        who = "another user can take the path first" if directory_mode & stat.S_ISVTX else "anybody can replace it"
        yield Objection(
            SHARED, f"{directory} is shared by all users: {who}", "serve it in a private directory, or at a name"
        )
    if found.state is EndpointState.STALE:
        yield Objection(
            LEFT, "its server is gone and left the socket file behind", f"start the server again, or rm {path}"
        )


def _audited_abstract(found: FoundEndpoint) -> AuditedEndpoint:
    objection = Objection(
        ABSTRACT,
        "an abstract name has no permissions: only the server can turn anybody away",
        "serve it at a name, or check the credentials of those who connect",
    )
    return AuditedEndpoint(found, None, EVERYONE, is_ours=False, objections=[objection])


def _status_of(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None


def _lets_in(directory: os.stat_result, gid: int) -> bool:
    by_group = directory.st_gid == gid and directory.st_mode & stat.S_IXGRP
    return bool(by_group or directory.st_mode & stat.S_IXOTH)


@functools.cache
def _is_private(gid: int, uid: int) -> bool:
    """Return whether nobody but this user is in the group, as far as the tables tell."""
    try:
        members = set(grp.getgrgid(gid).gr_mem)
        own = pwd.getpwuid(uid)
    except KeyError:
        return False
    return own.pw_gid == gid and members <= {own.pw_name}


@functools.cache
def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


@functools.cache
def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
