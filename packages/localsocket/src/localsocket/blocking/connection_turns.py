"""Which connection is served next: each has its turns, and waits where it holds its share of the threads."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from functools import partial

from localsocket.blocking.event_loop import EventLoop
from localsocket.blocking.runners import Runners
from localsocket.blocking.served import Served
from localsocket.services.fair_line import FairLine
from localsocket.services.served_call import ServedCall
from localsocket.services.session import AT_ONCE
from localsocket.services.thread_shares import ThreadShares

# What one connection may do before others have their turn, beside so many calls.
_TURN = 0.002
# After so many seconds of turns those are looked at that have sent something meanwhile.
_ROUND = 0.005
_LOOK_AT_CLOCK = 8
_LOOK_AGAIN = 0.005


class ConnectionTurns:
    """Gives the connections of a loop their turns, in which `serve` serves calls as jobs of `runners`."""

    def __init__(
        self,
        loop: EventLoop,
        shares: ThreadShares,
        runners: Runners,
        serve: Callable[[Served, ServedCall], ServedCall | None],
    ) -> None:
        self._loop = loop
        self._shares = shares
        self._runners = runners
        self._run_job = runners.run_job
        self._serve = serve
        self._turns: deque[Served] = deque()
        self._are_turns_due = False  # once is enough, however many wait
        self._parked: FairLine[Served] = FairLine()  # which hold their share of the threads
        self._is_unparking_due = False  # since threads may be free for those
        self.left: set[Served] = set()  # by their peers, with something still to do

    @property
    def are_wanted(self) -> bool:
        """Whether a connection waits for a turn, or has something to do that its peer has left."""
        return bool(self._turns or self._parked or self.left)

    def take_in(self, served: Served) -> None:
        """Give a connection that has sent something its turn now, unless it waits for that already."""
        if served.is_parked or (served.is_queued and served.session.has_much):
            served.session.put_off_turn()
        elif not (self._shares.taken and self._has_to_wait(served)):  # as give(), of which each call has need
            self._serve_turn(served)

    def wake(self, served: Served) -> None:
        """Give a connection a turn; any thread may call."""
        if not served.is_queued:
            served.is_queued = True
            self._turns.append(served)
            self.give_soon()

    def give(self, served: Served) -> None:
        """Do some of what is to be done for one connection."""
        if not (self._shares.taken and self._has_to_wait(served)):
            self._serve_turn(served)

    def give_soon(self) -> None:
        if not self._are_turns_due:
            self._are_turns_due = True
            self._loop.call_soon(self._give_all)

    def forget(self, served: Served) -> None:
        """The connection is over: it needs no thread, but what it has left is still to be done."""
        self._parked.discard(served, served.session.peer.uid)
        served.is_parked = False
        if served.session.has_notifications:
            self.left.add(served)
            self.wake(served)

    def go_on_elsewhere(self, served: Served) -> None:
        """Another thread has the loop, taken from a turn of this connection, which is not over, nor are others'."""
        self.wake(served)
        self.give_soon()
        if self._parked:
            self.unpark_soon()

    def unpark_soon(self) -> None:
        """A thread may be free for those that wait for one; any thread may call."""
        if not self._is_unparking_due:
            self._is_unparking_due = True
            self._loop.call_soon(self._unpark)

    # --- one turn -----------------------------------------------------------------------------------------------------

    def _give_all(self) -> None:
        self._are_turns_due = False  # first: whoever sees it true is among those that are counted now
        end = time.monotonic() + _ROUND
        for left in range(len(self._turns), 0, -1):
            served = self._turns.popleft()
            served.is_queued = False
            self.give(served)
            if left > 1 and time.monotonic() > end:
                self.give_soon()
                return

    def _serve_turn(self, served: Served) -> None:
        session = served.session
        if served.jobs:
            self._do_jobs(served)
        if (call := session.take_next() or session.take_more()) is not None:
            if session.waiting:
                self._serve_some(served, call)
            else:  # nearly always: one call, and nothing else
                self._run_job(served, call, self._serve, served, call)
        self._end_turn(served)

    def _do_jobs(self, served: Served) -> None:
        end = time.monotonic() + _TURN
        for _ in range(len(served.jobs)):
            self._run_job(served, None, served.jobs.popleft())
            if time.monotonic() > end:
                break

    def _serve_some(self, served: Served, call: ServedCall) -> None:
        """Serve this call and some of those that have arrived with it. What they give goes out in one piece."""
        session = served.session
        release = self._runners.release = partial(session.release, session.hold())
        end = time.monotonic() + _TURN
        try:
            for count in range(1, AT_ONCE + 1):
                self._run_job(served, call, self._serve, served, call)
                if not count % _LOOK_AT_CLOCK and (count == AT_ONCE or time.monotonic() > end):
                    return
                if (following := session.take_next()) is None:
                    return
                call = following
        finally:
            release()
            if self._runners.release is release:  # else it is that of another thread, which has the loop
                self._runners.release = None

    def _end_turn(self, served: Served) -> None:
        if served.session.end_turn() or served.jobs:
            self.wake(served)
        elif served.session.waiting and not served.is_expiring:
            self._expire(served)
        elif served in self.left and not served.session.has_notifications:
            self.left.discard(served)

    def _expire(self, served: Served) -> None:
        """Refuse what waits and is too late, now and as long as something waits."""
        served.is_expiring = False
        if (seconds := served.session.expire()) is not None:
            served.is_expiring = True
            self._loop.call_later(max(seconds, _LOOK_AGAIN), self._expire, served)

    # --- waiting for a thread -----------------------------------------------------------------------------------------

    def _has_to_wait(self, served: Served) -> bool:
        """Whether it holds its share of the threads, or others come first; then it goes on when one is free again."""
        if not self._shares.has_shares or self._runners.is_stopping:
            return False
        # Threads that are freed are for those that have waited for one, before newcomers.
        are_others_first = self._is_unparking_due and bool(self._parked)
        if not are_others_first and self._shares.may_take(served, served.session.peer.uid):
            self._parked.discard(served, served.session.peer.uid)
            served.is_parked = False
            return False
        self._park(served)
        return True

    def _park(self, served: Served) -> None:
        served.is_parked = True
        self._parked.add(served, served.session.peer.uid)
        if not served.is_expiring:
            self._expire(served)

    def _unpark(self) -> None:
        """Give turns to those that wait for a thread, in their order, as long as there are threads."""
        self._is_unparking_due = False
        end = time.monotonic() + _ROUND
        while (served := self._parked.take_next(self._shares)) is not None:
            served.is_parked = False
            self._serve_turn(served)
            if time.monotonic() > end:
                self.unpark_soon()
                return
