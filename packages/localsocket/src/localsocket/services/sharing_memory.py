"""With whom memory is shared, and how much of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from localsocket.endpoint.credentials import PeerCredentials
from localsocket.endpoint.fork_safety import close_in_forked_child
from localsocket.payload.sealed_memory import IS_SUPPORTED
from localsocket.payload.shared_memories import SharedMemories
from localsocket.services.limits import CallLimits

if TYPE_CHECKING:
    from localsocket.wire.shared_bodies import Memories

LOOK_AGAIN = 2.0
"""Seconds between two looks at memory that was used. Where two have seen no use of it, its pages are given back."""


def memories_within(limits: CallLimits, *, is_wanted: bool) -> SharedMemories | None:
    """Return what makes memory for a service, or a client; None where there is to be none."""
    if not (is_wanted and IS_SUPPORTED and limits.shared_memory):
        return None
    return SharedMemories(limits.shared_memory, limits.shared_memory_in_all, close_in_forked_child)


def memories_with(memories: SharedMemories | None, peer: PeerCredentials) -> Memories | None:
    """Return what makes memory for a connection to this peer: nothing, unless it is of the same user."""
    return memories if peer.uid == os.geteuid() else None
