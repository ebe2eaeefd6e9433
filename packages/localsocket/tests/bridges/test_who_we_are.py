"""A NATS server that wants to know who comes, and shows who it is: TLS, nkeys and credentials files, by the address."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bridges.accounts import Nkey, Operator, self_signed
from bridges.broker import Broker
from bridges.conftest import what_is_missing
from localsocket import Client, Service, aio
from localsocket.bridges import nats
from localsocket.errors import (
    AccessDenied,
    BrokenEndpoint,
    InvalidAddress,
    LocalSocketError,
    PeerBrokeProtocol,
    Unsupported,
)

LONG = 30.0
NAME = "demo.shop"


@contextlib.contextmanager
def configured(directory: Path, text: str) -> Iterator[Broker]:
    if (missing := what_is_missing()) is not None:
        pytest.skip(missing)
    configuration = directory / "nats.conf"
    configuration.write_text(text, encoding="ascii")
    broker = Broker("-c", str(configuration))
    try:
        yield broker
    finally:
        broker.close()


@contextlib.asynccontextmanager
async def shop(address: str) -> AsyncIterator[aio.Client]:
    """Serve and call by one address."""
    service = Service(NAME)

    @service.method
    async def add(a: int, b: int) -> int:
        return a + b

    async with nats.serve(service, address), aio.Client(address, call_timeout=LONG) as client:
        yield client


@pytest.mark.long
async def test_calls_are_encrypted_for_who_trusts_the_servers_certificate(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "server")
    other, _ = self_signed(tmp_path, "other")
    with configured(tmp_path, f"tls {{ cert_file: {certificate}\n key_file: {key} }}") as broker:
        async with shop(f"{broker.url}/{NAME}?ca={certificate}") as client:
            assert await client.call("add", 2, 3) == 5
        for trusted in (f"ca={other}", "tls=1"):
            with pytest.raises(BrokenEndpoint) as refused:
                await aio.Client(f"{broker.url}/{NAME}?{trusted}").open()
            assert isinstance(refused.value.__cause__, ssl.SSLCertVerificationError)


async def test_nothing_is_said_in_clear_to_who_asked_for_tls(tmp_path: Path) -> None:
    with configured(tmp_path, "") as broker, pytest.raises(PeerBrokeProtocol, match="TLS"):
        await aio.Client(f"nats://ada:sesame@{broker.url.removeprefix('nats://')}/{NAME}?tls=1").open()


async def test_a_server_that_wants_certificates_lets_in_who_shows_one(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "server")
    mine, my_key = self_signed(tmp_path, "mine")
    stranger, strange_key = self_signed(tmp_path, "stranger")
    text = f"tls {{ cert_file: {certificate}\n key_file: {key}\n ca_file: {mine}\n verify: true }}"
    with configured(tmp_path, text) as broker:
        async with shop(f"{broker.url}/{NAME}?ca={certificate}&cert={mine}&key={my_key}") as client:
            assert await client.call("add", 2, 3) == 5
        for shows in ("", f"&cert={stranger}&key={strange_key}"):
            with pytest.raises(LocalSocketError):
                await aio.Client(f"{broker.url}/{NAME}?ca={certificate}{shows}", timeout=LONG).open()


async def test_an_nkey_lets_in(tmp_path: Path) -> None:
    known, stranger = Nkey("user"), Nkey("user")
    for name, nkey in {"known": known, "stranger": stranger}.items():
        (tmp_path / name).write_bytes(nkey.seed)
    with configured(tmp_path, f"authorization {{ users: [ {{ nkey: {known.public} }} ] }}") as broker:
        async with shop(f"{broker.url}/{NAME}?nkey={tmp_path / 'known'}") as client:
            assert await client.call("add", 2, 3) == 5
        for refused in (f"?nkey={tmp_path / 'stranger'}", ""):
            with pytest.raises(AccessDenied):
                await aio.Client(f"{broker.url}/{NAME}{refused}").open()
            with pytest.raises(AccessDenied):
                await asyncio.to_thread(Client(f"{broker.url}/{NAME}{refused}").open)


async def test_a_credentials_file_lets_in(tmp_path: Path) -> None:
    operator, other = Operator(), Operator()
    (tmp_path / "creds").write_text(operator.credentials(), encoding="ascii")
    (tmp_path / "others").write_text(other.credentials(), encoding="ascii")
    with configured(tmp_path, operator.configuration) as broker:
        async with shop(f"{broker.url}/{NAME}?creds={tmp_path / 'creds'}") as client:
            assert await client.call("add", 2, 3) == 5
        with pytest.raises(AccessDenied):
            await aio.Client(f"{broker.url}/{NAME}?creds={tmp_path / 'others'}").open()


@pytest.mark.parametrize("option", ["creds", "nkey", "ca", "cert"])
@pytest.mark.parametrize("content", [b"", b"nothing of the kind\n", b"-----BEGIN NATS USER JWT-----\n"])
async def test_files_that_hold_something_else_are_named_before_anything_is_sent(
    tmp_path: Path, option: str, content: bytes
) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(InvalidAddress, match=option if option in ("creds", "nkey") else "TLS"):
        await aio.Client(f"nats://127.0.0.1:9/{NAME}?{option}={file}").open()


async def test_without_what_signs_the_error_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "seed").write_bytes(Nkey("user").seed)
    monkeypatch.setitem(sys.modules, "nkeys", None)
    with pytest.raises(Unsupported, match=r"localsocket\[nats\]"):
        await aio.Client(f"nats://127.0.0.1:9/{NAME}?nkey={tmp_path / 'seed'}").open()


@pytest.mark.parametrize(
    ("option", "value"),
    [("start", "shop:service"), ("allow_server", [0]), ("protocol", "varlink"), ("serves", Service("demo.back"))],
)
@pytest.mark.parametrize("kind", [Client, aio.Client])
def test_what_only_this_machine_has_is_refused_by_its_name(kind: type, option: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{option}="):
        kind(f"nats://host/{NAME}", **{option: value})
