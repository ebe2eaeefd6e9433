"""The protocols by which a service can be called, by name, and which of them are spoken where."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Literal, TypeAlias, get_args

from localsocket.errors import Unsupported
from localsocket.keywords import similar_names
from localsocket.showing import did_you_mean

ProtocolName: TypeAlias = Literal["localsocket", "varlink", "http"]
PROTOCOLS: tuple[ProtocolName, ...] = get_args(ProtocolName)

# Of those that cannot be spoken with msgspec alone: the module, and the extra that brings it.
_NEEDS: dict[str, tuple[str, str]] = {"http": ("h11", "http")}


def check_protocols(protocols: Iterable[ProtocolName] | None) -> tuple[ProtocolName, ...]:
    """Return the protocols, without repetition; None stands for all that can be spoken here.

    Raises ValueError for a name that there is not, or none at all, and Unsupported for one whose package is missing.
    """
    if protocols is None:
        return spoken_here()
    if isinstance(protocols, str):
        raise TypeError(f"protocols takes several names, such as [{protocols!r}], not one string")
    chosen = tuple(dict.fromkeys(protocols))
    if not chosen:
        raise ValueError(f"protocols must name at least one of {', '.join(PROTOCOLS)}")
    for name in chosen:
        if name not in PROTOCOLS:
            hint = did_you_mean(similar_names(str(name), PROTOCOLS)) or f": there are {', '.join(PROTOCOLS)}"
            raise ValueError(f"{name!r} is not a protocol{hint}")
        if missing := what_to_install(name):
            raise Unsupported(f"{name!r} is {missing}")
    return chosen


@functools.cache
def spoken_here() -> tuple[ProtocolName, ...]:
    """Return those that can be spoken with what is installed."""
    return tuple(name for name in PROTOCOLS if not what_to_install(name))


def what_to_install(name: str) -> str:
    """Return what a protocol lacks to be spoken, as words of a sentence; nothing if it can be."""
    if name not in _NEEDS or find_spec(_NEEDS[name][0]) is not None:
        return ""
    module, extra = _NEEDS[name]
    return f"spoken by {module}, which is missing: pip install 'localsocket[{extra}]'"
