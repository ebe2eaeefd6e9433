"""The faces that can be measured, and the loops of those that need one."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeAlias

from localsocket.errors import Unsupported

if TYPE_CHECKING:
    import asyncio  # not loaded where only the blocking face is measured

Face: TypeAlias = Literal["blocking", "aio", "aio-uvloop"]


def check_face(face: Face) -> None:
    """Raise Unsupported, saying what to install, for a face that cannot be had here."""
    if face != "blocking":
        loop_maker(face)


def loop_maker(face: Face) -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes the loops of an asyncio face; raises as check_face() does."""
    name = "uvloop" if face == "aio-uvloop" else "asyncio"
    try:
        new_loop: Callable[[], asyncio.AbstractEventLoop] = importlib.import_module(name).new_event_loop
    except ImportError:
        raise Unsupported(
            f"the face {face} needs {name}, which is not installed: pip install 'localsocket[{name}]'"
        ) from None
    return new_loop
