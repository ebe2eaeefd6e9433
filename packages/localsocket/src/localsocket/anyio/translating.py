"""Our errors in anyio's words, for whoever knows anyio only."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from anyio import BrokenResourceError, BusyResourceError, ClosedResourceError

from localsocket.errors import BrokenEndpoint, Busy, ClosedByPeer, ClosedByUs, DeadlinePassed


@contextlib.contextmanager
def anyio_errors(doing: str) -> Iterator[None]:
    """Raise anyio's error, with ours as its cause, where it has one for that fault."""
    try:
        yield
    except ClosedByUs as error:
        raise ClosedResourceError(str(error)) from error
    except (BrokenEndpoint, ClosedByPeer, DeadlinePassed) as error:
        raise BrokenResourceError(str(error)) from error
    except Busy as error:
        raise BusyResourceError(doing) from error
