"""How NATS' own tools see our services: by what its protocol of services describes, and as its client reads it."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import msgspec
import pytest

from bridges.conftest import Bus, other_member
from bridges.shop import shop
from bridges.test_members_of_the_bus import LONG
from localsocket.bridges import nats

if TYPE_CHECKING:
    from nats.aio.client import Client as NatsPy

Metadata = dict[str, str]


class PingAnswer(msgspec.Struct, forbid_unknown_fields=True):
    """What every service has to answer, field by field; the others have that, and more."""

    type: str
    name: str
    id: str
    version: str
    metadata: Metadata


class EndpointAnswer(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    subject: str
    queue_group: str
    metadata: Metadata


class InfoAnswer(PingAnswer):
    description: str
    endpoints: list[EndpointAnswer]


class CountedAnswer(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    subject: str
    queue_group: str
    num_requests: int
    num_errors: int
    last_error: str
    processing_time: int
    average_processing_time: int
    data: object


class StatsAnswer(PingAnswer):
    started: str
    endpoints: list[CountedAnswer]


async def ask(link: NatsPy, subject: str) -> bytes:
    return bytes((await link.request(subject, b"", timeout=LONG)).data)


async def test_each_answer_has_what_the_protocol_of_services_says_and_is_read_by_nats_py(bus: Bus) -> None:
    from nats.micro import ServiceConfig
    from nats.micro.service import ServiceInfo, ServicePing, ServiceStats

    kinds = {"PING": (PingAnswer, ServicePing), "INFO": (InfoAnswer, ServiceInfo), "STATS": (StatsAnswer, ServiceStats)}
    async with nats.serve(shop(), bus.address("demo.shop")), other_member(bus) as link:
        subject = f"{bus.prefix}.demo/shop.call.add"
        assert (await link.request(subject, b'{"a": 2}', timeout=LONG)).data == b"3"
        failed = await link.request(subject, b'{"a": "two"}', timeout=LONG)
        identity = msgspec.json.decode(await ask(link, "$SRV.PING.demo-shop"))["id"]
        for verb, (described, read) in kinds.items():
            for whom in ("", ".demo-shop", f".demo-shop.{identity}"):
                answer = await ask(link, f"$SRV.{verb}{whom}")
                told = msgspec.json.decode(answer, type=described, strict=True)
                assert told.type == f"io.nats.micro.v1.{verb.lower()}_response"
                assert ServiceConfig(name=told.name, version=told.version)  # which checks both
                assert re.fullmatch(r"[A-Za-z0-9_-]+", told.id)
                known = read.from_dict(msgspec.json.decode(answer))
                assert (known.name, known.id, known.version, known.metadata) == (
                    "demo-shop",
                    identity,
                    "1.2.3",
                    {"localsocket": "1", "service": "demo.shop", "version": "1.2.3"},
                )
        info = ServiceInfo.from_dict(msgspec.json.decode(await ask(link, "$SRV.INFO.demo-shop")))
        (endpoint,) = (each for each in info.endpoints if each.name == "add")
        assert (endpoint.subject, endpoint.queue_group) == (subject, "demo.shop")
        stats = ServiceStats.from_dict(msgspec.json.decode(await ask(link, "$SRV.STATS.demo-shop")))
        (counted,) = (each for each in stats.endpoints if each.name == "add")
        assert (counted.num_requests, counted.num_errors, counted.last_error) == (2, 1, "bad-arguments")
        assert counted.processing_time >= counted.average_processing_time > 0
        assert failed.headers is not None
        assert failed.headers["Nats-Service-Error-Code"] == "400"
        assert failed.headers["Nats-Service-Error"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning:nats.micro")  # for what it asks of datetime
async def test_one_question_finds_ours_beside_those_of_others(bus: Bus) -> None:
    from nats.micro import ServiceConfig, add_service
    from nats.micro.service import ServicePing

    async with nats.serve(shop(), bus.address("demo.shop")), other_member(bus) as link:
        theirs = await add_service(link, ServiceConfig(name="theirs", version="1.0.0"))
        found, both = set[str](), asyncio.Event()
        inbox = link.new_inbox()
        answers = await link.subscribe(inbox)
        await link.publish("$SRV.PING", b"", inbox)
        async with asyncio.timeout(LONG):
            async for answer in answers.messages:
                found.add(ServicePing.from_dict(msgspec.json.decode(answer.data)).name)
                if found >= {"demo-shop", "theirs"}:
                    both.set()
                    break
        await theirs.stop()
    assert both.is_set()


async def test_others_call_with_json(bus: Bus) -> None:
    async with nats.serve(shop(), bus.address("demo.shop")) as serving, other_member(bus) as link:
        subject = f"{bus.prefix}.demo/shop.call.add"
        answer = await link.request(subject, b'{"a": 2}', timeout=LONG)
        assert (answer.data, answer.headers) == (b"3", {"Content-Type": "application/json"})
        failed = await link.request(subject, b'{"a": "two"}', timeout=LONG)
        assert failed.headers is not None
        assert failed.headers["Localsocket"] == "failure bad-arguments"
        assert serving.callers == 0
