"""A loop that looks again before it sleeps: for a moment it comes round at once, whatever else it has to do."""

from __future__ import annotations

import asyncio
import weakref

from localsocket.payload.places import PeersPlace, SharedPlace


class LoopLookout:
    """Looks for what peers send to the connections of one loop, which join it and leave it.

    What is called soon keeps the loop from sleeping and from nothing else: each time that it comes round it asks the
    system, on any kind of loop, and does what there is to do for others.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = weakref.ref(loop)
        self._place = SharedPlace()
        self._is_looking = False
        self.join = self._place.join
        self.leave = self._place.leave

    def begin(self, peer: PeersPlace) -> None:
        """Something was sent to this peer: look for its answer."""
        lookout = self._place.lookout
        if lookout is not None and peer.be_watched_by(lookout) and lookout.begin() and not self._is_looking:
            self._is_looking = True
            self._look_soon()

    def found(self) -> None:
        """Something has come."""
        if (lookout := self._place.lookout) is not None:
            lookout.found()

    def _look_on(self) -> None:
        lookout = self._place.lookout
        self._is_looking = lookout is not None and lookout.goes_on()
        if self._is_looking:
            self._look_soon()

    def _look_soon(self) -> None:
        if (loop := self._loop()) is not None:
            loop.call_soon(self._look_on)


_lookouts: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, LoopLookout] = weakref.WeakKeyDictionary()


def lookout_of(loop: asyncio.AbstractEventLoop) -> LoopLookout:
    """Return the one of this loop."""
    if (lookout := _lookouts.get(loop)) is None:
        lookout = _lookouts[loop] = LoopLookout(loop)
    return lookout
