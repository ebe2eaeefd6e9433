"""A proxy shows what the service tells: names for Tab, signatures, documentation; it asks for that once, if at all."""

from __future__ import annotations

import contextlib
import inspect
import rlcompleter
from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from localsocket import Client, ServerThread, Service, aio
from localsocket.blocking import client as blocking_client
from localsocket.services.proxies import RemoteMethod, TypedMethod
from localsocket.testing import PATIENCE

ADDRESS = "services.proxies"


def make_service() -> Service:
    service = Service("services.proxies")

    @service.method
    def add(a: int, /, b: int = 1, *, colour: str = "red") -> int:
        """Add two numbers.

        Whatever they are.
        """
        return a + b

    @service.method(name="deep.sea.count")
    def count(to: int) -> Iterator[int]:
        yield from range(to)

    service.method(lambda: "all", name="get-all")
    return service


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the service more time than a person has, so that a slow moment of the machine hides nothing."""
    monkeypatch.setattr(blocking_client, "_PATIENCE", PATIENCE)


@pytest.fixture
def service() -> Iterator[Service]:
    service = make_service()
    with ServerThread(ADDRESS, service):
        yield service


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    with Client(ADDRESS, reconnect=True) as client:
        yield client


def names(shown: Any) -> list[str]:
    return [name for name in dir(shown) if not name.startswith("_")]


def check_shown(proxy: Any) -> None:
    """Check all that a proxy shows once the service has told of itself."""
    assert names(proxy) == ["add", "deep"]
    assert names(proxy.deep) == ["sea"]
    assert names(proxy.deep.sea) == ["count"]
    assert names(proxy.add) == []
    assert proxy._ipython_key_completions_() == ["add", "deep.sea.count", "get-all"]
    assert proxy.deep._ipython_key_completions_() == ["sea.count"]
    assert str(inspect.signature(proxy.add)) == "(a: int, /, b: int = 1, *, colour: str = 'red') -> int"
    assert str(inspect.signature(proxy["deep.sea.count"])) == "(to: int) -> Iterator[int]"
    assert inspect.getdoc(proxy.add) == "Add two numbers.\n\nWhatever they are."
    assert inspect.getdoc(proxy.deep["sea.count"]) == "deep.sea.count(to: int) -> stream of int"
    assert (proxy.add.__name__, proxy.deep.sea.count.__name__) == ("add", "count")


def test_a_proxy_shows_what_the_service_tells(client: Client) -> None:
    check_shown(client.proxy)
    check_shown(client.within(5).proxy)


@pytest.mark.usefixtures("service")
async def test_a_proxy_of_an_asyncio_client_shows_what_was_told() -> None:
    async with aio.Client(ADDRESS) as client:
        assert names(client.proxy) == []
        assert inspect.getdoc(client.proxy.add) is None
        assert str(inspect.signature(client.proxy.add)) == "(*arguments: 'Any', **named: 'Any') -> 'Any'"
        await client.describe()
        check_shown(client.proxy)
        check_shown(client.within(5).proxy)


def test_tab_completes_the_methods(client: Client) -> None:
    completer = rlcompleter.Completer({"client": client})
    assert completer.complete("client.proxy.ad", 0) == "client.proxy.add("
    assert completer.complete("client.proxy.deep.s", 0) == "client.proxy.deep.sea("
    assert completer.complete("client.proxy.none", 0) is None


def test_the_service_is_asked_once_on_each_connection_and_by_no_call(service: Service, client: Client) -> None:
    assert client.proxy.add(1) == 2
    assert service.stats().calls == 1
    for _ in range(3):
        check_shown(client.proxy)
    assert service.stats().calls == 2
    client.describe()
    check_shown(client.proxy)
    assert service.stats().calls == 3


def test_a_service_that_was_started_anew_is_asked_anew() -> None:
    with contextlib.closing(Client(ADDRESS, reconnect=True)) as client:
        with ServerThread(ADDRESS, make_service()):
            check_shown(client.proxy)
        other = Service("services.proxies")
        other.method(lambda: None, name="new")
        with ServerThread(ADDRESS, other):
            client.call("new")
            assert names(client.proxy) == ["new"]


def test_without_a_service_a_proxy_shows_nothing_and_fails_in_nothing() -> None:
    client = Client("services.none")
    assert names(client.proxy) == []
    assert inspect.getdoc(client.proxy.add) is None
    assert inspect.signature(client.proxy.add).parameters
    assert repr(client.proxy.deep.sea) == "<RemoteMethod 'deep.sea'>"


def test_a_method_that_no_attribute_can_be_called_is_found_by_its_name(client: Client) -> None:
    assert client.proxy["get-all"]() == "all"
    assert list(client.proxy.deep["sea.count"](2)) == [0, 1]
    with pytest.raises(TypeError, match="methods have names, which are strings, not int"):
        client.proxy[0]


def test_a_proxy_is_nothing_else_than_its_methods(client: Client) -> None:
    for what in (client.proxy, client.proxy.add):
        with pytest.raises(TypeError):
            iter(what)
        for asked in ("__wrapped__", "_repr_html_", "_ipython_display_", "_ipython_canary_method_should_not_exist_"):
            assert not hasattr(what, asked)
    for kind in (RemoteMethod, TypedMethod):
        assert (inspect.getdoc(kind) or "").startswith("One method of a")
        assert "calls" in inspect.signature(kind).parameters


class Sea(Protocol):
    def count(self, to: int) -> Iterator[int]: ...


class Deep(Protocol):
    @property
    def sea(self) -> Sea: ...


class Adds(Protocol):
    def add(self, a: int, /, b: int = 1) -> int:
        """Add up."""
        ...

    @property
    def deep(self) -> Deep: ...


def test_a_typed_proxy_shows_what_its_class_says(service: Service, client: Client) -> None:
    typed = client.typed(Adds)
    assert names(typed) == ["add", "deep"]
    assert names(typed.deep.sea) == ["count"]
    assert str(inspect.signature(typed.add)) == "(a: 'int', /, b: 'int' = 1) -> 'int'"
    assert (inspect.getdoc(typed.add), typed.add.__name__) == ("Add up.", "add")
    assert repr(typed.deep.sea.count) == "<TypedMethod 'deep.sea.count'>"
    assert list(typed.deep.sea.count(2)) == [0, 1]
    assert service.stats().calls == 1
