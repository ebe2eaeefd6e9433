"""`localsocket bridge`: a local service for programs on other machines, or one of theirs under a local name."""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import TYPE_CHECKING, Annotated

from localsocket.cli.declaring import Argument, Option
from localsocket.cli.exit_status import WrongUsage
from localsocket.cli.options import Allow, AnyUser, Mode, address_without_secret, allowed_users, file_mode
from localsocket.serving.log_lines import log_to_standard_error

if TYPE_CHECKING:
    from localsocket.aio.serve import Serving
    from localsocket.awaited.opening import Opening
    from localsocket.bridges.nats import NatsServing
    from localsocket.endpoint.credentials import AllowedUsers

logger = logging.getLogger("localsocket.cli")

_NATS = "nats://"


def bridge(
    source: Annotated[
        str,
        Argument(metavar="NAME", help="A local service, or nats://host/name for a remote one."),
    ],
    url: Annotated[str, Argument(metavar="NATS-URL", help="Where to serve a local service.")] = "",
    queue: Annotated[
        str,
        Option(metavar="QUEUE", help="Servers with the same queue share calls; default: NAME."),
    ] = "",
    at: Annotated[
        str,
        Option("--at", metavar="NAME", help="The local name; default: the service's name."),
    ] = "",
    any_user: AnyUser = False,
    allow: Allow = "",
    mode: Mode = "",
) -> None:
    """Carry calls between this machine and others until SIGTERM or SIGINT (Ctrl-C).

    localsocket bridge demo.shop nats://host serves a local service over NATS.
    Anyone who may publish there can call it; the service sees every caller as
    the user who runs this command.

    localsocket bridge nats://host/demo.shop gives a remote service a local name.
    """
    allowed, permissions = allowed_users(any_user, allow), file_mode(mode)
    is_outward = bool(url)
    if source.startswith(_NATS) == is_outward or (is_outward and not url.startswith(_NATS)):
        raise WrongUsage("give a local name and nats://host, or nats://host/name alone, which gets a local name")
    if is_outward and (at or any_user or allow or mode):
        raise WrongUsage("--at, --any-user, --allow and --mode are for a local name")
    address_without_secret(url or source)
    log_to_standard_error()
    if is_outward:
        asyncio.run(_serve_there(source, url, queue))
    else:
        asyncio.run(_serve_here(source, at, allowed, permissions))


async def _serve_there(name: str, url: str, queue: str) -> None:
    from localsocket.bridges import nats

    await _serve_until_stopped(name, nats.serve_local(name, url, queue=queue))


async def _serve_here(url: str, at: str, allowed: AllowedUsers, permissions: int | None) -> None:
    from localsocket.bridges import nats

    await _serve_until_stopped(url, nats.offer_locally(url, at, allow=allowed, mode=permissions))


async def _serve_until_stopped(source: str, opening: Opening[NatsServing] | Opening[Serving]) -> None:
    stop = _stop_signal()
    async with opening as serving:
        logger.info("serving %s at %s", source, serving.address)
        await stop.wait()
        logger.info("stopping")


def _stop_signal() -> asyncio.Event:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


COMMANDS = {"bridge": bridge}
