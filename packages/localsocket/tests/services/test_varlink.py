"""A service that is called by varlink: what it answers, in which order, and what it counts and holds back."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

import localsocket
from attended_programs import attended
from localsocket import CallLimits, Client, ServerThread
from localsocket.services.varlink_interface import interface_name
from localsocket.testing import PATIENCE, Background, wait_until
from services.conftest import ADDRESS
from services.varlink_peers import INTERFACE, Colour, Item, Peer, Shop, shop, talking

STANDARD = "org.varlink.service"


@pytest.fixture(params=["events", "asyncio"])
def served(request: pytest.FixtureRequest) -> Iterator[Shop]:
    """A shop that is served, and has been left by everybody in the end."""
    service = shop(is_async=request.param == "asyncio")
    with ServerThread(ADDRESS, service):
        yield service
        service.may_go_on.set()
        wait_until(lambda: service.stats().open_connections == 0)


@pytest.fixture
def peer(served: Shop) -> Iterator[Peer]:
    with talking(ADDRESS) as peer:
        yield peer


def gives(result: Any) -> dict[str, Any]:
    return {"parameters": {"result": result}}


def error(name: str, /, **parameters: Any) -> dict[str, Any]:
    return {"error": name, "parameters": parameters}


# --- calls ------------------------------------------------------------------------------------------------------------


def test_methods_are_called_by_their_names_in_varlink(peer: Peer) -> None:
    assert peer.ask("Add", a=2, b=3) == gives(5)
    assert peer.ask("TakeOne", name="tea", colour=Colour.GREEN.value) == gives(
        {"name": "tea", "price": Item("tea").price, "colour": "green"}
    )
    assert peer.ask("Note", number=4) == {"parameters": {}}


def test_what_is_left_out_or_null_is_the_default_or_null(served: Shop, peer: Peer) -> None:
    assert peer.ask("Add", a=2) == gives(3)
    assert peer.ask("Add", a=2, b=None) == gives(3)
    assert peer.ask("Note") == peer.ask("Note", number=None) == {"parameters": {}}
    assert served.noted == [-1, -1]


@pytest.mark.parametrize(
    ("parameters", "parameter"),
    [
        ({}, "a"),
        ({"a": None}, "a"),
        ({"a": "2"}, "a"),
        ({"a": 1.5}, "a"),
        ({"a": 2**64}, "a"),
        ({"a": 2, "c": 3}, "c"),
    ],
)
def test_arguments_that_do_not_fit_are_told_by_name(peer: Peer, parameters: dict[str, Any], parameter: str) -> None:
    assert peer.ask("Add", **parameters) == error(f"{STANDARD}.InvalidParameter", parameter=parameter)
    assert peer.ask("Add", a=1) == gives(2)


def test_the_path_to_a_part_that_does_not_fit_is_told(peer: Peer) -> None:
    assert peer.ask("TakeOne", name="tea", colour="blue") == error(f"{STANDARD}.InvalidParameter", parameter="colour")


def test_errors_have_their_names_and_parts(peer: Peer) -> None:
    found = error(f"{INTERFACE}.NotFound", message="there is no 'tea'", name="tea", tried=2)
    assert peer.ask("Find", name="tea") == found
    assert peer.ask("Forbidden") == error(f"{STANDARD}.PermissionDenied")
    assert peer.ask("Gone") == error(f"{STANDARD}.MethodNotFound", method=f"{INTERFACE}.Gone")
    assert peer.ask("demo.other.Gone") == error(f"{STANDARD}.InterfaceNotFound", interface="demo.other")
    assert peer.ask("demo.shop.take_one") == error(f"{STANDARD}.MethodNotFound", method="demo.shop.take_one")


def test_what_is_not_declared_is_told_by_reference_alone(peer: Peer, caplog: pytest.LogCaptureFixture) -> None:
    failed = peer.ask("Fail")
    assert failed["error"] == "localsocket.service.Failed"
    assert failed["parameters"]["reference"] in caplog.text
    assert "business" not in str(failed)


def test_oneway_calls_are_served_and_not_answered(served: Shop, peer: Peer) -> None:
    peer.say("Note", number=1, oneway=True)
    peer.say("Gone", oneway=True)
    peer.say("Count", to=3, oneway=True)
    assert peer.ask("Add", a=2) == gives(3)
    wait_until(lambda: served.noted == [1])


def test_a_result_that_json_cannot_hold_costs_its_call_alone(peer: Peer) -> None:
    assert peer.ask("Echo", value={"x": [1, None, "é\0"]}) == gives({"x": [1, None, "é\0"]})
    assert peer.ask("Echo", value=[[[]]]) == gives([[[]]])


def test_a_result_that_is_too_long_costs_its_call_alone() -> None:
    with ServerThread(ADDRESS, shop(limits=CallLimits(message=2000))), talking(ADDRESS) as peer:
        peer.say("Count", to=1, size=3000, more=True)
        assert peer.hear()["error"] == "localsocket.service.ResultTooLong"
        assert peer.ask("Add", a=1) == gives(2)


# --- order ------------------------------------------------------------------------------------------------------------


def test_answers_come_in_the_order_of_the_calls_although_these_run_at_once(served: Shop, peer: Peer) -> None:
    peer.say("Hold")
    assert served.is_held.wait(PATIENCE)
    peer.say("Note", number=1)
    peer.say("Count", to=2, more=True)
    peer.say("Add", a=1)
    wait_until(lambda: served.noted == [1])  # while the call before it is still under way
    served.may_go_on.set()
    said = [peer.hear() for _ in range(6)]
    item = [{"parameters": {"item": number}, "continues": True} for number in range(2)]
    assert said == [gives(7), {"parameters": {}}, *item, {"parameters": {}}, gives(2)]


def test_no_call_begins_while_the_answers_of_others_fill_what_may_wait() -> None:
    service = shop(limits=CallLimits(unsent=20_000))
    with ServerThread(ADDRESS, service), talking(ADDRESS) as peer:
        peer.say("Hold")
        assert service.is_held.wait(PATIENCE)
        for number in range(20):  # which the kernel holds, for the service reads no further
            peer.say("Echo", value="x" * 2000)
            peer.say("Note", number=number)
        wait_until(lambda: len(service.noted) >= 9)
        with Client(ADDRESS, timeout=PATIENCE) as client:
            assert client.call("add", 1, timeout=PATIENCE) == 2
        assert len(service.noted) <= 10
        service.may_go_on.set()
        assert peer.hear() == gives(7)
        for _ in range(20):
            assert (peer.hear(), peer.hear()) == (gives("x" * 2000), {"parameters": {}})
    assert service.noted == list(range(20))


@pytest.mark.long
def test_ten_thousand_calls_at_once_are_answered_in_order(served: Shop, peer: Peer) -> None:
    count = 10_000
    said = b"".join(b'{"method":"demo.shop.Add","parameters":{"a":%d}}\0' % number for number in range(count))
    with Background(peer.socket.sendall, said):
        assert [peer.hear()["parameters"]["result"] for _ in range(count)] == list(range(1, count + 1))
    assert served.stats().calls == count


# --- streams and topics -----------------------------------------------------------------------------------------------


def test_a_stream_has_to_be_asked_for(peer: Peer) -> None:
    assert peer.ask("Count", to=3) == error(f"{STANDARD}.ExpectedMore")
    peer.say("Count", to=0, more=True)
    assert peer.hear() == {"parameters": {}}
    peer.say("Add", a=1, more=True)  # which gives one
    assert peer.hear() == gives(2)


def test_a_stream_goes_no_further_than_its_peer_reads() -> None:
    service = shop(limits=CallLimits(unsent=50_000))
    with ServerThread(ADDRESS, service), talking(ADDRESS) as peer:
        peer.say("Count", to=5_000, size=1000, more=True)
        wait_until(lambda: service.stats().bytes_unsent >= 50_000)
        with Client(ADDRESS, timeout=PATIENCE) as client:
            assert client.call("add", 1, timeout=PATIENCE) == 2
        assert service.made < 4_000
        for _ in range(5_000):
            assert peer.hear()["continues"]
        assert peer.hear() == {"parameters": {}}


def test_a_topic_is_a_method_that_gives_its_messages(served: Shop, peer: Peer) -> None:
    peer.say("SubscribeTicks", more=True)
    wait_until(lambda: served.ticks.subscribers == 1)
    served.ticks.publish(Item("tea"))
    served.ticks.publish(Item("cake", 2))
    said = [peer.hear() for _ in range(2)]
    assert [each["continues"] for each in said] == [True, True]
    assert [each["parameters"]["message"]["name"] for each in said] == ["tea", "cake"]
    peer.socket.close()
    wait_until(lambda: served.ticks.subscribers == 0)


# --- what every service has -------------------------------------------------------------------------------------------


def test_a_service_tells_what_it_is(peer: Peer) -> None:
    info = peer.ask(f"{STANDARD}.GetInfo")["parameters"]
    assert info == {
        "vendor": "",
        "product": "demo.shop",
        "version": "1.0",
        "url": "",
        "interfaces": [STANDARD, INTERFACE, "localsocket.service"],
    }
    for interface in info["interfaces"]:
        described = peer.ask(f"{STANDARD}.GetInterfaceDescription", interface=interface)["parameters"]
        assert f"\ninterface {interface}\n" in f"\n{described['description']}"
    unknown = peer.ask(f"{STANDARD}.GetInterfaceDescription", interface="demo.other")
    assert unknown == error(f"{STANDARD}.InterfaceNotFound", interface="demo.other")


@pytest.mark.parametrize(
    ("service", "interface"),
    [
        ("demo.shop", "demo.shop"),
        ("com.example.Shop-2", "com.example.Shop-2"),
        ("shop", "localsocket.shop"),
        ("my_shop", "localsocket.my-shop"),
        ("my_shop.till_1", "my-shop.till-1"),
        ("_.x", "localsocket.x"),
        ("a..b-", "a.b"),
        ("__", "localsocket.service"),
    ],
)
def test_the_interface_is_called_as_the_service_as_far_as_it_may(service: str, interface: str) -> None:
    assert interface_name(service) == interface


def test_calls_are_counted_and_the_peer_is_checked_as_ever(served: Shop, peer: Peer) -> None:
    peer.ask("Add", a=1)
    peer.ask("Gone")
    stats = served.stats()
    assert (stats.calls, stats.errors, stats.open_connections, stats.active_calls) == (2, 1, 1, 0)
    assert stats.bytes_received > 90 < stats.bytes_sent


def test_varlink_is_not_spoken_where_it_was_not_chosen(caplog: pytest.LogCaptureFixture) -> None:
    service = shop(protocols=["localsocket"])
    with ServerThread(ADDRESS, service), talking(ADDRESS) as peer, pytest.raises(EOFError):
        peer.ask("Add", a=1)
    assert "its first byte is 0x7b" in caplog.text
    with ServerThread(ADDRESS, service, protocols=["varlink"]), talking(ADDRESS) as peer:
        assert peer.ask("Add", a=1) == gives(2)
        with pytest.raises(localsocket.errors.LocalSocketError), Client(ADDRESS, timeout=PATIENCE) as client:
            client.call("add", 1, timeout=PATIENCE)


def test_no_method_is_added_once_somebody_has_called_by_varlink(served: Shop, peer: Peer) -> None:
    peer.ask("Add", a=1)
    with pytest.raises(RuntimeError, match="has already been served"):
        served.method(shop().fail, name="another")


# --- real peers -------------------------------------------------------------------------------------------------------


def location() -> str:
    return f"unix:{localsocket.parse_address(ADDRESS).location}"


def test_the_varlink_library_calls_by_what_the_service_tells_of_itself(served: Shop) -> None:
    varlink = pytest.importorskip("varlink")
    with varlink.Client(location()) as client:
        assert INTERFACE in client.get_interfaces()
        with client.open(INTERFACE) as connection:
            assert connection.Add(2, 3) == {"result": 5}
            assert connection.TakeOne("tea")["result"]["colour"] == "red"
            assert [each.get("item") for each in connection.Count(3, _more=True)] == [0, 1, 2, None]
            with pytest.raises(varlink.VarlinkError) as raised:
                connection.Find("tea")
            assert raised.value.error() == f"{INTERFACE}.NotFound"
            assert raised.value.parameters()["name"] == "tea"
            with pytest.raises(varlink.InvalidParameter):
                connection.Add()


def test_asyncvarlink_calls_with_types_of_its_own(served: Shop) -> None:
    pytest.importorskip("asyncvarlink")
    from services.asyncvarlink_shop import calls

    assert asyncio.run(calls(localsocket.parse_address(ADDRESS).location)) == (5, "tea", [0, 1, None], "tea", "a")


needs_varlinkctl = pytest.mark.skipif(shutil.which("varlinkctl") is None, reason="varlinkctl is not installed")


@needs_varlinkctl
def test_varlinkctl_calls_and_introspects(served: Shop) -> None:
    def said(*arguments: str) -> str:
        command = ["varlinkctl", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE).stdout

    address = location()
    assert "demo.shop" in said("info", address)
    assert "method TakeOne" in said("introspect", address, INTERFACE)
    assert '"result"' in said("call", address, f"{INTERFACE}.Add", '{"a":2}')
    assert said("call", "--more", "--json=short", address, f"{INTERFACE}.Count", '{"to":2}').count("item") == 2


@pytest.mark.skipif(shutil.which("nc") is None, reason="nc is not installed")
def test_netcat_calls(served: Shop) -> None:
    path = str(localsocket.parse_address(ADDRESS).location)
    with attended(subprocess.Popen(["nc", "-U", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)) as netcat:
        assert netcat.stdin is not None
        assert netcat.stdout is not None
        netcat.stdin.write(b'{"method":"demo.shop.Add","parameters":{"a":2}}\0')
        netcat.stdin.flush()
        assert netcat.stdout.read(len(b'{"parameters":{"result":3}}\0')) == b'{"parameters":{"result":3}}\0'
        netcat.stdin.close()
        netcat.kill()


def test_all_protocols_are_spoken_on_one_socket_at_once(served: Shop, peer: Peer) -> None:
    with Client(ADDRESS, timeout=PATIENCE) as client:
        calls = [client.start("add", number) for number in range(100)]
        for number in range(100):
            peer.say("Add", a=number)
        assert [call.result(timeout=PATIENCE) for call in calls] == list(range(1, 101))
        assert [peer.hear() for _ in range(100)] == [gives(number) for number in range(1, 101)]


def test_a_connection_that_is_half_a_message_is_dropped_when_its_time_is_over() -> None:
    with ServerThread(ADDRESS, shop(limits=CallLimits(greeting=0.05))), talking(ADDRESS) as peer:
        with contextlib.suppress(ConnectionError):  # in a slow moment its time is over before
            peer.socket.sendall(b'{"method":"demo.sh')
        with pytest.raises(EOFError):
            peer.hear()
