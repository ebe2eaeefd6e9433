"""Which services are served over NATS, as they say themselves when all are asked."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import Counter
from dataclasses import dataclass

import msgspec

from localsocket.bridges.bus_messages import BusMessage
from localsocket.bridges.nats_address import parse_nats_address
from localsocket.bridges.nats_link import NatsLink
from localsocket.deadlines import Deadline

_PATIENCE = 0.5
"""Seconds in which whoever is there has answered."""


@dataclass(frozen=True, slots=True)
class FoundService:
    """One service: its name, its version, and how many instances of it have answered."""

    name: str
    version: str
    instances: int


class _Ping(msgspec.Struct):
    name: str
    metadata: dict[str, str] = {}


_decode = msgspec.json.Decoder(_Ping).decode


def services_at(url: str, *, timeout: float | None = None) -> list[FoundService]:
    """Return the services of this package at `nats://host`, by name. Raises what connecting raises."""
    return asyncio.run(_services_at(url, Deadline(timeout)))


async def _services_at(url: str, deadline: Deadline) -> list[FoundService]:
    found: Counter[tuple[str, str]] = Counter()

    def take(messages: list[BusMessage]) -> None:
        for message in messages:
            with contextlib.suppress(msgspec.DecodeError):
                told = _decode(message.payload)
                if "localsocket" in told.metadata:
                    found[told.metadata.get("service", told.name), told.metadata.get("version", "")] += 1

    inbox = f"_INBOX.{secrets.token_urlsafe(18)}"
    link = NatsLink(parse_nats_address(url, service="any"), "localsocket list", take, lambda _: None, lambda: None)
    try:
        await link.open(deadline)
        link.listen(inbox)
        link.do(BusMessage("$SRV.PING", b"", None, inbox))
        await asyncio.sleep(_PATIENCE)
    finally:
        await link.close()
    return [FoundService(*key, count) for key, count in sorted(found.items())]
