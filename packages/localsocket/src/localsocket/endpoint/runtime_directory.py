"""The per-user directory that names live in: private, verified, the same for every program of the user."""

from __future__ import annotations

import errno
import os
import stat

from localsocket.endpoint.identities import is_our_file, user_in_words
from localsocket.errors import BrokenEndpoint, InsecureDirectory
from localsocket.owned_descriptor import OwnedDescriptor

_DIRECTORY_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# What is wrong with a path, and not with this process or the system.
_FAULTS_OF_A_PATH = frozenset(
    {errno.EACCES, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT, errno.ENOTDIR, errno.EPERM, errno.EINVAL}
)
# Only a file's owner, or who rules over the owner's namespace, may read it without changing its time of access.
_AS_OWNER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | getattr(os, "O_NOATIME", 0)


def runtime_directory() -> str:
    """Return the path that names resolve to, whether it is there or not.

    `$XDG_RUNTIME_DIR/localsocket`, else `/run/user/UID/localsocket` where that parent exists, else
    `$TMPDIR/localsocket-UID`. A set but unusable XDG_RUNTIME_DIR is an error when it is opened, not a reason to look
    elsewhere: server and client must come to the same place.
    """
    if base := os.environ.get("XDG_RUNTIME_DIR"):
        return os.path.join(base, "localsocket")
    uid = os.geteuid()
    if os.path.isdir(base := f"/run/user/{uid}"):
        return os.path.join(base, "localsocket")
    return os.path.join(temporary_directory(), f"localsocket-{uid}")


def temporary_directory() -> str:
    """Return the directory for temporary files, for where there is none for sockets: $TMPDIR, else /tmp.

    `tempfile` would look for another one when that is full, and a client would not come to the place of its server.
    """
    return os.path.abspath(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108


def open_runtime_directory(*, create: bool) -> OwnedDescriptor:
    """Return a descriptor of the verified runtime directory, which the caller closes.

    `create` makes it, with mode 0700, where it is missing; FileNotFoundError otherwise.
    Raises InsecureDirectory, with the reason, for one that another user could have prepared or can change, and
    BrokenEndpoint for what the system refuses, such as another descriptor.
    """
    path = runtime_directory()
    _check_parent(os.path.dirname(path))
    if create:
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            pass
        except OSError as error:
            raise BrokenEndpoint(f"making the directory {path!r}", error) from error
    try:
        directory = OwnedDescriptor.open(path, _DIRECTORY_FLAGS)
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno not in _FAULTS_OF_A_PATH:
            raise BrokenEndpoint(f"opening the directory {path!r}", error) from error
        kind = "a symbolic link" if os.path.islink(path) else f"not a usable directory ({error.strerror})"
        raise InsecureDirectory(path, f"it is {kind}") from error
    try:
        _check_private(path, directory.number)
    except BaseException:
        directory.close()
        raise
    return directory


def _check_parent(parent: str) -> None:
    if not os.path.isabs(parent):
        raise InsecureDirectory(parent, "XDG_RUNTIME_DIR is not an absolute path; set it to one or unset it")
    try:
        status = os.stat(parent)
    except OSError as error:
        if error.errno not in _FAULTS_OF_A_PATH:
            raise BrokenEndpoint(f"looking at the directory {parent!r}", error) from error
        raise InsecureDirectory(
            parent, f"it cannot be used ({error.strerror}); create it, or set XDG_RUNTIME_DIR to another or unset it"
        ) from error
    if status.st_uid != 0 and not is_our_file(status, lambda: _open_as_owner(parent)):
        raise InsecureDirectory(
            parent, f"it belongs to {user_in_words(status.st_uid)}, who could replace what is in it"
        )
    if status.st_mode & 0o022 and not status.st_mode & stat.S_ISVTX:
        raise InsecureDirectory(
            parent,
            f"others could replace what is in it (mode {stat.S_IMODE(status.st_mode):04o} without the sticky bit)",
        )


def _check_private(path: str, descriptor: int) -> None:
    status = os.fstat(descriptor)
    if not is_our_file(status, lambda: _open_as_owner(f"/proc/self/fd/{descriptor}")):
        owner = user_in_words(status.st_uid)
        raise InsecureDirectory(path, f"it belongs to {owner}, not to this user ({os.geteuid()})")
    if status.st_mode & 0o077:
        raise InsecureDirectory(
            path,
            f"other users may enter it (mode {stat.S_IMODE(status.st_mode):04o}); run: chmod 700 {path}",
        )


def _open_as_owner(path: str) -> None:
    OwnedDescriptor.open(path, _AS_OWNER).close()
