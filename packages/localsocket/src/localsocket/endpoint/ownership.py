"""Who owns a name: whoever holds the lock on the file beside its socket, for as long as that process lives."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat

from localsocket.endpoint.address import Endpoint
from localsocket.endpoint.files import companion_name, file_status, is_same_file, kind_of
from localsocket.endpoint.identities import Certainty, certainty_of_uid, is_our_file, user_in_words
from localsocket.errors import BrokenEndpoint, InsecureDirectory, NameTaken, PathOccupied
from localsocket.owned_descriptor import OwnedDescriptor

_LOCK_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class NameLock:
    """An exclusive lock on one name; the kernel drops it when the process dies, however it dies."""

    def __init__(self, directory: int, file_name: str, lock: OwnedDescriptor) -> None:
        self._directory = directory
        self._file_name = file_name
        self._lock = lock

    @classmethod
    def acquire(cls, directory: int, endpoint: Endpoint, suffix: str = "lock") -> NameLock:
        """Take the lock without waiting; `directory` stays the caller's and must outlive the lock.

        A name has more than one, told apart by `suffix`: "lock" is its owner's. Raises NameTaken with the pid of who
        has it, PathOccupied when the lock file is something else, or InsecureDirectory when the kernel cannot say
        which user this is.
        """
        if certainty_of_uid(os.geteuid()) is Certainty.UNKNOWN:
            us = user_in_words(os.geteuid())
            raise InsecureDirectory(endpoint.directory, f"no file in it can be recognised as ours, because we are {us}")
        lock_name = companion_name(endpoint.file_name, suffix)
        path = os.path.join(endpoint.directory, lock_name)
        while True:
            lock = _open_lock_file(directory, lock_name, path)
            try:
                status = os.fstat(lock.number)
                check_our_file(path, "a lock file", status, lock.number)
                try:
                    fcntl.flock(lock.number, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise NameTaken(endpoint.address, _read_pid(lock.number)) from None
                # The last owner removes the file before it lets go: then we hold a lock that nobody else can see.
                if is_same_file(file_status(directory, lock_name), status):
                    _write_pid(lock.number)
                    return cls(directory, lock_name, lock)
            except BaseException:
                lock.close()
                raise
            lock.close()

    def belong(self) -> None:
        """Say nothing when forgotten: what this belongs to does, and releases it."""
        self._lock._is_owned = True

    @property
    def descriptor(self) -> int:
        """What holds it; a process that inherits this holds it too, until somebody says release()."""
        return self._lock.number

    def release(self) -> None:
        """Remove the lock file and let go, for all that inherited it as well; doing it twice is fine."""
        if self._lock.number < 0:
            return
        with contextlib.suppress(OSError):  # the directory may be gone, and then so is the file
            if is_same_file(file_status(self._directory, self._file_name), os.fstat(self._lock.number)):
                os.unlink(self._file_name, dir_fd=self._directory)
        with contextlib.suppress(OSError):
            fcntl.flock(self._lock.number, fcntl.LOCK_UN)
        self._lock.close()

    def drop_copy(self) -> None:
        """Close this process's descriptor: the lock stays with the others that hold it, such as a forked parent."""
        self._lock.close()


def _open_lock_file(directory: int, lock_name: str, path: str) -> OwnedDescriptor:
    try:
        return OwnedDescriptor.open(lock_name, _LOCK_FLAGS, 0o600, dir_fd=directory)
    except OSError as error:
        if (status := file_status(directory, lock_name)) is not None:
            check_our_file(path, "a lock file", status, None)
        raise BrokenEndpoint(f"opening the lock file {path!r}", error) from error


def check_our_file(path: str, what: str, status: os.stat_result, descriptor: int | None) -> None:
    """Raise PathOccupied for what is no plain file, or is another user's; `descriptor` is the file's, if it is open."""
    if not stat.S_ISREG(status.st_mode):
        raise PathOccupied(path, kind_of(status.st_mode))

    def prove() -> None:
        if descriptor is not None:
            os.fchmod(descriptor, stat.S_IMODE(status.st_mode))  # only the owner may change it, even to what it is

    if not is_our_file(status, prove):
        raise PathOccupied(path, f"{what} of {user_in_words(status.st_uid)}")


def _write_pid(lock: int) -> None:
    # Only information for the message of NameTaken: a full disk must not keep a server from starting.
    with contextlib.suppress(OSError):
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)


def _read_pid(lock: int) -> int | None:
    text = os.pread(lock, 32, 0)
    return int(text) if text.isdigit() else None
