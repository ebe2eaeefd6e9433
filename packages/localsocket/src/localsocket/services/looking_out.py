"""Who looks for what its peer says next before it sleeps, and with whom."""

from __future__ import annotations

import os
from typing import Final, Literal, Protocol, TypeAlias, get_args

from localsocket.endpoint.credentials import PeerCredentials
from localsocket.interfaces import WaitingPlace
from localsocket.keywords import similar_names
from localsocket.showing import did_you_mean

Wait: TypeAlias = Literal["look", "sleep"]
"""What one who waits does first: look again for 50 µs at most, where its peer is about to answer, or sleep at once."""

_WAITS: Final[tuple[Wait, ...]] = get_args(Wait)


class LooksOut(Protocol):
    """A connection whose end can look out for what comes."""

    @property
    def peer(self) -> PeerCredentials: ...

    def waiting_place(self) -> WaitingPlace | None:
        """Return where this end says on which processor it is; None where nobody is to look."""

    def look_out_for(self, place: WaitingPlace | None) -> None:
        """The peer says there on which processor it is, if it says so."""


def may_look_for(peer: PeerCredentials) -> bool:
    """Whether this process and a peer may look where the other one is: both are of one user."""
    return peer.uid == os.geteuid()


def check_wait(wait: Wait) -> Wait:
    """Return it. Raises ValueError."""
    if wait not in _WAITS:
        hint = did_you_mean(similar_names(str(wait), _WAITS))
        raise ValueError(f"wait must be one of {', '.join(_WAITS)}, not {wait!r}{hint}")
    return wait
