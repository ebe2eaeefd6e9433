"""Who is let in: the policy, the caller's own hook, and how many at once."""

from __future__ import annotations

import itertools
import logging
import resource
import socket
import threading
from collections.abc import Callable

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
        self._lock = threading.RLock()  # the garbage collector may give a place back in the midst of anything
        self._numbers = itertools.count()
        self._taken: set[int] = set()
        self._of_user: dict[int, set[int]] = {}
        self._log = ThinnedLog(logger)
        self.refused = 0
        self.taken_so_far = 0

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
        return len(self._taken)

    @property
    def is_full(self) -> bool:
        return len(self._taken) >= self._max

    def place(self, on_given_back: Callable[[], object] = lambda: None) -> ConnectionPlace:
        """Return a place that has yet to be taken; `on_given_back` is called when it has been, and is free again."""
        return ConnectionPlace(self, next(self._numbers), on_given_back)

    def _take(self, number: int) -> bool:
        with self._lock:
            if len(self._taken) >= self._max:
                return False
            self._taken.add(number)
            self.taken_so_far += 1
            return True

    def _admit(self, place: ConnectionPlace, sock: socket.socket) -> PeerCredentials:
        try:
            peer = read_credentials(sock)
            check_peer(peer, self._allow)
            place._uid = peer.uid
            self._count_in(place._number, peer)
            if not self._is_authorized(peer):
                raise PeerRefused(peer, "whoever authorize() lets in")
        except (PeerRefused, TooManyConnections) as refusal:
            self._note(refusal)
            raise
        return peer

    def _count_in(self, number: int, peer: PeerCredentials) -> None:
        with self._lock:
            of_user = self._of_user.setdefault(peer.uid, set())
            if len(of_user) >= (share := self._share()):
                raise TooManyConnections(peer, share)
            of_user.add(number)

    def _give_back(self, number: int, uid: int | None) -> bool:
        with self._lock:
            if uid is not None and (of_user := self._of_user.get(uid)) is not None:
                of_user.discard(number)
                if not of_user:
                    del self._of_user[uid]
            was_taken = number in self._taken
            self._taken.discard(number)
            return was_taken

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


class ConnectionPlace:
    """The place of one connection: taken, maybe, before it is accepted, and given back once, or when it is forgotten.

    So an interrupt between any two steps of accepting a connection costs no place.
    """

    __slots__ = ("_admission", "_number", "_on_given_back", "_uid")

    def __init__(self, admission: Admission, number: int, on_given_back: Callable[[], object]) -> None:
        self._admission = admission
        self._number = number
        self._uid: int | None = None
        self._on_given_back = on_given_back

    def take(self) -> bool:
        """Take it for a connection that is about to be accepted; False when the server is full."""
        return self._admission._take(self._number)

    def admit(self, sock: socket.socket) -> PeerCredentials:
        """Return who it is that has this place. Raises PeerRefused or TooManyConnections, and gives it back."""
        try:
            return self._admission._admit(self, sock)
        except BaseException:
            self.give_back()
            raise

    def give_back(self) -> None:
        """Doing it again is fine."""
        if self._admission._give_back(self._number, self._uid):
            self._on_given_back()

    def __del__(self) -> None:
        if hasattr(self, "_on_given_back"):  # else it was never made
            self.give_back()


def _most_descriptors() -> int | None:
    """Return how many descriptors the process may open now, or None for as many as there are."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if descriptors == resource.RLIM_INFINITY else descriptors
