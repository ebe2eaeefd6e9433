"""Where a program is served: the sockets that a service manager has handed over, or else an address of its own."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import cast

from localsocket.blocking.local_server import LocalServer, listen
from localsocket.endpoint.service_manager import take_activation_descriptors
from localsocket.errors import UnsuitableDescriptor
from localsocket.sockets.server import AdmissionOptions, ListenOptions


def open_doors(address: str | os.PathLike[str], options: ListenOptions) -> list[LocalServer]:
    """Return the servers of LISTEN_FDS, whose files and modes are the manager's; without those, one at `address`.

    Raises what listen() raises, UnsuitableDescriptor and Unsupported; then none is open.
    """
    return adopt_doors(options) or [listen(address, **options)]


def adopt_doors(options: ListenOptions) -> list[LocalServer]:
    """Return the servers of LISTEN_FDS, which may be none."""
    with ExitStack() as opened:
        doors = [
            opened.enter_context(_adopted(name, number, admission_options(options)))
            for name, number in take_activation_descriptors().items()
        ]
        opened.pop_all()
    return doors


def admission_options(options: ListenOptions) -> AdmissionOptions:
    """Return those that a server takes which listens already."""
    given = {name: value for name, value in options.items() if name in AdmissionOptions.__annotations__}
    return cast(AdmissionOptions, given)


def _adopted(name: str, descriptor: int, options: AdmissionOptions) -> LocalServer:
    try:
        return LocalServer.adopt_descriptor(descriptor, **options)
    except UnsuitableDescriptor as error:
        raise UnsuitableDescriptor(
            descriptor,
            f"{error.reason}; it is {name!r} of LISTEN_FDS, which has to be a Unix stream socket that listens: "
            "ListenStream= with a path, and Accept=no",
        ) from error
