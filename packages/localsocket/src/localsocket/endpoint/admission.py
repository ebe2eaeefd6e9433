"""Who is let in: the policy, the caller's own hook, and how many at once."""

from __future__ import annotations

import logging
import resource
import socket
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial

from localsocket.deadlines import check_count
from localsocket.endpoint.credentials import (
    SAME_USER,
    AllowedUsers,
    PeerCredentials,
    check_allowed_users,
    check_peer,
    read_credentials,
)
from localsocket.errors import PeerRefused, TooManyConnections
from localsocket.log_thinning import ThinnedLog

logger = logging.getLogger("localsocket.endpoint")

MAX_CONNECTIONS = 16_384


class Admission:
    """Decides about each accepted connection and counts those that are open. Safe from several threads.

    `authorize` is asked last and can only refuse: by returning False or by raising, which is logged.
    `max_connections_per_user` keeps one user from taking every place; by default half of the places, and, where other
    users may come in, at most half of the descriptors that the process may open now, and of the threads that serve.
    """

    def __init__(
        self,
        allow: AllowedUsers,
        authorize: Callable[[PeerCredentials], bool] | None,
        max_connections: int,
        max_connections_per_user: int | None,
    ) -> None:
        self._allow = check_allowed_users(allow, "allow")
        if authorize is not None and not callable(authorize):
            raise TypeError(f"authorize must be a function of PeerCredentials, not {type(authorize).__name__}")
        self._authorize = authorize
        self._max = check_count(max_connections, "max_connections", minimum=1)
        if max_connections_per_user is not None:
            check_count(max_connections_per_user, "max_connections_per_user", minimum=1)
        self._max_per_user = max_connections_per_user
        self._descriptors = _most_descriptors()
        self._descriptors_each = 1
        self._threads: int | None = None
        self._lock = threading.RLock()  # the garbage collector may release() in the midst of anything
        self._per_user: Counter[int] = Counter()
        self._total = 0
        self._log = ThinnedLog(logger)
        self.refused = 0

    @property
    def allow(self) -> AllowedUsers:
        """Whom it lets in."""
        return self._allow

    def expect(self, *, descriptors_each: int, threads: int | None = None) -> None:
        """From now on each connection takes so many descriptors, and one of so many threads."""
        self._descriptors_each = descriptors_each
        if threads is not None:
            self._threads = threads

    @property
    def open_connections(self) -> int:
        return self._total

    @property
    def is_full(self) -> bool:
        return self._total >= self._max

    def reserve(self) -> bool:
        """Take a place for a connection that is about to be accepted; False when the server is full."""
        with self._lock:
            if self._total >= self._max:
                return False
            self._total += 1
            return True

    def cancel(self) -> None:
        """Give a reserved place back."""
        with self._lock:
            self._total -= 1

    def admit(self, sock: socket.socket) -> PeerCredentials:
        """Return who it is, in the place reserved for it, which release() gives back.

        Raises PeerRefused or TooManyConnections; then the place is given back already.
        """
        give_back = self.cancel
        try:
            peer = read_credentials(sock)
            check_peer(peer, self._allow)
            self._count_in(peer)
            give_back = partial(self.release, peer)
            if not self._is_authorized(peer):
                raise PeerRefused(peer, "who authorize() lets in")
        except BaseException as refusal:
            give_back()
            if isinstance(refusal, (PeerRefused, TooManyConnections)):
                self._note(refusal)
            raise
        return peer

    def release(self, peer: PeerCredentials) -> None:
        with self._lock:
            self._total -= 1
            self._per_user[peer.uid] -= 1
            if not self._per_user[peer.uid]:
                del self._per_user[peer.uid]

    def _count_in(self, peer: PeerCredentials) -> None:
        with self._lock:
            if self._per_user[peer.uid] >= (share := self._share()):
                raise TooManyConnections(peer, share)
            self._per_user[peer.uid] += 1

    def _share(self) -> int:
        """Return how many connections one user may have."""
        if self._max_per_user is not None:
            return self._max_per_user
        places = self._max
        if self._allow != SAME_USER:
            places = min(places, self._threads or places)
            if self._descriptors is not None:
                places = min(places, self._descriptors // self._descriptors_each)
        return max(1, places // 2)

    def _note(self, refusal: Exception) -> None:
        self.refused += 1
        # The 1st, 2nd, 4th, 8th ... refusal: whoever is refused must not be able to fill the log.
        if not self.refused & (self.refused - 1):
            logger.warning("refused a connection (%d so far): %s", self.refused, refusal)

    def _is_authorized(self, peer: PeerCredentials) -> bool:
        if self._authorize is None:
            return True
        try:
            return bool(self._authorize(peer))
        except Exception as error:
            message = "authorize() failed for process %d of uid %d, which is refused"
            self._log.log(logging.ERROR, peer.uid, message, peer.pid, peer.uid, error=error)
            return False


def _most_descriptors() -> int | None:
    """Return how many descriptors the process may open now, or None for as many as there are."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if descriptors == resource.RLIM_INFINITY else descriptors
