"""A service is called by HTTP, with curl, httpx and Node, by the same rules as by our own protocol."""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

import localsocket
from contracts import AioFace, ServiceFace, ServingInLoop, ServingInThread
from contracts.service_of_claims import ADDRESS, ServiceOfClaims, small_limits
from localsocket import Client
from localsocket.testing import PATIENCE, wait_until
from services.raw_peers import connect_raw
from wire.http_building import Told, request, responses

CURL, NODE = shutil.which("curl"), shutil.which("node")
EVENTS = {"Accept": "text/event-stream"}


@pytest.fixture(params=["events", "threads", "coroutines"])
def face(request: pytest.FixtureRequest) -> Iterator[ServiceFace]:
    """The ways to serve: on one event loop, and on an asyncio loop plain functions or coroutine functions."""
    if request.param == "events":
        yield ServingInThread(is_async=False)
        return
    with AioFace() as loop:
        yield ServingInLoop(loop, is_async=request.param == "coroutines")


@pytest.fixture
def served(face: ServiceFace) -> Iterator[ServiceOfClaims]:
    of_claims = ServiceOfClaims(is_async=face.is_async, limits=small_limits())
    with of_claims.served_by(face):
        try:
            yield of_claims
        finally:
            of_claims.gate.set()


@pytest.fixture
def web(served: ServiceOfClaims) -> Iterator[httpx.Client]:
    """One connection to it, by httpx."""
    transport = httpx.HTTPTransport(uds=path(), limits=httpx.Limits(max_connections=1))
    with httpx.Client(transport=transport, base_url="http://localhost", timeout=PATIENCE) as client:
        yield client


def path() -> str:
    return localsocket.parse_address(ADDRESS).location


def raw() -> socket.socket:
    return connect_raw(ADDRESS)


def read_to_end(peer: socket.socket) -> list[Told]:
    got = b""
    while piece := peer.recv(65536):
        got += piece
    return responses(got)


def code_of(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


# --- calls ------------------------------------------------------------------------------------------------------------


def test_calls_are_answered_one_after_the_other_on_one_connection(served: ServiceOfClaims, web: httpx.Client) -> None:
    for number in range(100):
        assert web.post("/add", json={"a": number, "b": 1}).json() == number + 1
    assert web.post("/add", json={"a": 1}).json() == 2
    assert web.post("/deep.sea.add", json={"a": 1}).json() == 2
    assert web.post("/add", content=iter([b'{"a":', b"5}"]), headers={"Content-Type": "application/json"}).json() == 6
    stats = served.service.stats()
    assert (stats.connections, stats.calls, stats.errors) == (1, 103, 0)
    assert stats.bytes_received > 103 * len("POST /add HTTP/1.1")


def test_values_have_the_form_that_their_types_have_in_json(web: httpx.Client) -> None:
    person = {"name": "Ann", "friends": [{"name": "Bob"}]}
    response = web.post("/greet", json={"person": person, "when": "2024-02-29", "mood": "sad"})
    assert response.json() == "sad to see Ann and 1 friends in 2024"
    assert web.post("/echo", json={"data": "aGVsbG8="}).json() == "aGVsbG8="
    assert web.post("/peer").json() == [os.getpid(), os.getuid()]


def test_large_results_come_whole(web: httpx.Client) -> None:
    assert len(web.post("/zeros", json={"count": 300_000}).json()) == 400_000


def test_pages_tell_what_can_be_called(served: ServiceOfClaims, web: httpx.Client) -> None:
    told = web.get("/").json()
    assert told["name"] == "contract.service"
    assert {method["name"] for method in told["methods"]} >= {"add", "count", "deep.sea.add"}
    head = web.head("/")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(web.get("/").content))
    assert web.get("/openapi.json").json()["paths"].keys() >= {"/add", "/count", "/topics/latest"}


def test_a_call_that_nobody_waits_for_is_made(served: ServiceOfClaims, web: httpx.Client) -> None:
    response = web.post("/note", json={"what": "here"}, headers={"Prefer": "respond-async"})
    assert (response.status_code, response.content) == (202, b"")
    served.diary.wait_for("here")
    assert web.post("/add", json={"a": 1}).json() == 2


# --- failures ---------------------------------------------------------------------------------------------------------


def test_failures_have_the_status_the_code_and_the_parts(
    served: ServiceOfClaims, web: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert code_of(web.post("/ad", json={})) == (404, "no-such-method")
    assert web.post("/ad").json()["parts"] == {"method": "ad", "service": "contract.service", "similar": ["add"]}
    assert code_of(web.get("/topics/late")) == (404, "no-such-topic")
    assert code_of(web.post("/forbidden", json={"a": 1})) == (403, "not-allowed")
    for wrong in ({}, {"a": "1"}, {"a": 1, "c": 2}, {"a": 1.5}, {"a": [1]}):
        assert code_of(web.post("/add", json=wrong)) == (422, "bad-arguments")
    assert web.post("/greet", json={"person": {"name": 7}}).json()["parts"] == {
        "method": "greet",
        "path": "person.name",
        "reason": "Expected `str`, got `int`",
    }
    refused = web.post("/fail", json={"how": "refused"})
    assert code_of(refused) == (409, "raised")
    assert refused.json()["parts"]["name"] == "Refused"
    assert refused.json()["parts"]["attributes"] == {"what": "entry", "times": 3}
    unknown = web.post("/fail", json={"how": "unknown"})
    assert code_of(unknown) == (500, "failed")
    assert "secret" not in unknown.text
    assert unknown.json()["parts"]["reference"] in caplog.text
    assert code_of(web.post("/lie")) == (500, "failed")
    assert web.post("/add", json={"a": 1}).json() == 2
    assert served.service.stats().connections == 1


def test_a_call_that_is_not_done_by_its_deadline_is_cancelled(served: ServiceOfClaims, web: httpx.Client) -> None:
    seconds = 0.05
    while "held" not in served.diary.notes:  # in a slow moment it has not begun when its time is over
        late = web.post("/hold", headers={"Request-Timeout": str(seconds)})
        assert code_of(late) == (504, "too-late")
        assert late.json()["parts"]["timeout"] == seconds
        seconds *= 2
    served.diary.wait_for("cancelled")
    assert web.post("/remaining", headers={"Request-Timeout": "1000"}).json() <= 1000
    assert web.post("/remaining").json() is None


def test_a_call_whose_client_has_gone_is_cancelled(served: ServiceOfClaims) -> None:
    with raw() as peer:
        peer.sendall(request("/hold"))
        served.diary.wait_for("held")
    served.diary.wait_for("cancelled")


def test_many_requests_at_once_are_served_some_at_a_time_and_answered_in_their_order(served: ServiceOfClaims) -> None:
    with raw() as peer, Client(ADDRESS) as good:
        last = request("/add", b'{"a":20}', "Connection: close")
        peer.sendall(request("/hold") * 10 + b"".join(request("/add", b'{"a":%d}' % each) for each in range(20)) + last)
        served.diary.wait_for(*["held"] * 4)
        assert [good.call("add", each) for each in range(10)] == list(range(1, 11))
        assert served.diary.notes.count("held") == 4
        served.gate.set()
        assert [each.json for each in read_to_end(peer)] == ["released"] * 10 + list(range(1, 22))


def ask_and_do_not_read(peer: socket.socket) -> int:
    """Ask until nothing is taken any more, while others are served; return how much was."""
    asked = request("/zeros", b'{"count": 30000}' + b" " * 3000)
    peer.setblocking(False)
    sent = refused = 0
    with Client(ADDRESS) as good:
        while refused < 20:  # one after the other
            assert good.call("add", 1) == 2
            try:
                sent += peer.send(asked)
                refused = 0
            except BlockingIOError:
                refused += 1
            assert sent < 10_000 * len(asked)  # 400 MB of answers
    return sent


def test_a_client_that_does_not_read_its_answers_is_not_read_either(served: ServiceOfClaims) -> None:
    with raw() as peer:
        assert ask_and_do_not_read(peer)
        assert served.service.stats().bytes_unsent < 2**20


def test_a_service_ends_although_calls_have_arrived_that_nobody_waits_for(
    face: ServiceFace, caplog: pytest.LogCaptureFixture
) -> None:
    of_claims = ServiceOfClaims(is_async=face.is_async, limits=small_limits())
    with of_claims.served_by(face), raw() as peer:
        ask_and_do_not_read(peer)
    assert not caplog.records  # nothing was waited for until the time to stop was over


def test_answers_that_wait_for_one_before_them_are_not_made_without_end(served: ServiceOfClaims) -> None:
    with raw() as peer, Client(ADDRESS) as good:
        asked = request("/zeros", b'{"count": 60000}')
        peer.sendall(request("/hold") + asked * 49 + request("/zeros", b'{"count": 60000}', "Connection: close"))
        served.diary.wait_for("held")
        wait_until(lambda: served.service.stats().calls > 1)
        for _ in range(20):
            assert good.call("add", 1) == 2
        assert served.service.stats().calls - 20 <= 1 + 4  # of which one more makes too much, or as many as at once
        served.gate.set()
        told = read_to_end(peer)
    assert [len(each.json) for each in told] == [len("released")] + [80_000] * 50


# --- streams and topics -----------------------------------------------------------------------------------------------


def test_a_stream_comes_as_lines_or_as_events(web: httpx.Client) -> None:
    with web.stream("POST", "/count", json={"to": 1000}) as response:
        assert response.headers["content-type"] == "application/x-ndjson"
        assert [json.loads(line) for line in response.iter_lines()] == list(range(1000))
    events = web.post("/count", json={"to": 2}, headers=EVENTS)
    assert (events.headers["content-type"], events.text) == (
        "text/event-stream",
        "data: 0\n\ndata: 1\n\nevent: end\ndata\n\n",
    )
    assert web.post("/count", json={"to": 0}).content == b""


def test_a_stream_that_fails_tells_why_and_does_not_end_as_it_should(web: httpx.Client) -> None:
    assert code_of(web.post("/count", json={"to": 0, "then": "refused"})) == (409, "raised")
    found: list[Any] = []
    with (
        web.stream("POST", "/count", json={"to": 2, "then": "refused"}) as response,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        found += (json.loads(line) for line in response.iter_lines())
    assert web.post("/add", json={"a": 1}).json() == 2
    events = web.post("/count", json={"to": 1, "then": "refused"}, headers=EVENTS).text.split("\n\n")
    assert events[0] == "data: 0"
    assert events[1].startswith('event: problem\ndata: {"title":"Conflict","status":409')


def test_a_stream_is_made_as_fast_as_it_is_read_and_closed_with_its_client(served: ServiceOfClaims) -> None:
    def makes_no_more() -> bool:
        made = served.diary.notes.count("line")
        return all(good.call("add", 1) == 2 for _ in range(10)) and served.diary.notes.count("line") == made

    with raw() as peer, Client(ADDRESS) as good:
        peer.sendall(request("/lines", b'{"count": 10000, "length": 10000}'))
        served.diary.wait_for("line")
        wait_until(makes_no_more)
        assert served.diary.notes.count("line") < 1000
    with raw() as peer:
        peer.sendall(request("/drip"))
        assert peer.recv(1)
    served.diary.wait_for("closed")


def test_numbers_of_messages_are_not_told(web: httpx.Client) -> None:
    assert code_of(web.post("/localsocket.subscribe_numbered", json={"topic": "latest"})) == (404, "no-such-method")


def test_a_topic_comes_to_every_subscriber(served: ServiceOfClaims, web: httpx.Client) -> None:
    with web.stream("GET", "/topics/latest") as lines, raw() as events:
        events.sendall(request("/topics/latest", b"", "Accept: text/event-stream", method="GET"))
        wait_until(lambda: served.service.stats().subscribers == 2)
        served.latest.publish(7)
        served.latest.publish(8)
        found = lines.iter_lines()
        assert [next(found), next(found)] == ["7", "8"]
        got = b""
        while b"data: 8\n\n" not in got:
            got += events.recv(65536)
        assert got.index(b"data: 7\n\n") < got.index(b"data: 8\n\n")
    wait_until(lambda: served.service.stats().subscribers == 0)


# --- other clients ----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(CURL is None, reason="needs curl")
def test_curl_calls_and_is_told_in_good_time_what_is_too_long(served: ServiceOfClaims, tmp_path: Path) -> None:
    def curl(*arguments: str) -> str:
        assert CURL is not None
        command = [CURL, "--silent", "--show-error", "--no-buffer", "--unix-socket", path(), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout

    add = "http://localhost/add"
    assert curl("--json", '{"a": 2, "b": 3}', add) == "5"
    assert curl("--json", '{"to": 3}', "http://localhost/count") == "0\n1\n2\n"
    assert json.loads(curl("-d", "a=2", add))["code"] == "wrong-content-type"
    assert curl("-X", "POST", "http://localhost/remaining", "http://localhost/remaining") == "nullnull"
    assert curl("--http1.0", "--json", '{"to": 3}', "http://localhost/count") == "0\n1\n2\n"
    assert curl("-I", "http://localhost/").startswith("HTTP/1.1 200 OK\n")
    assert curl("--http2", "--json", '{"a": 2, "b": 3}', add) == "5"  # which asks whether to change to HTTP/2
    long = tmp_path / "long.json"
    long.write_bytes(b" " * 2_000_000)  # for so much curl asks first
    assert json.loads(curl("--json", f"@{long}", add))["code"] == "request-too-long"
    asked_first = curl("-H", "Expect: 100-continue", "--json", '{"a": 2, "b": 3}', "--include", add)
    assert asked_first.startswith("HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\n")


NODE_CLIENT = """
const http = require("node:http");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
function call(method, parameters, headers = {}) {
  return new Promise((resolve, reject) => {
    const options = { socketPath: process.argv[1], path: "/" + method, method: "POST", agent,
                      headers: { "Content-Type": "application/json", ...headers } };
    const asked = http.request(options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece) => { text += piece; });
      response.on("end", () => resolve([response.statusCode, text]));
      response.on("error", reject);
    });
    asked.on("error", reject);
    asked.end(JSON.stringify(parameters));
  });
}
(async () => {
  const found = [await call("add", { a: 2, b: 3 }), await call("count", { to: 3 }),
                 await call("add", { a: "2" }), await call("note", { what: "node" }, { Prefer: "respond-async" })];
  found.push(await call("count", { to: 2, then: "refused" }).catch((error) => [0, error.code]));
  found.push(await call("add", { a: 1 }));
  console.log(JSON.stringify(found));
  agent.destroy();
})();
"""


@pytest.mark.skipif(NODE is None, reason="needs Node")
def test_node_calls_on_a_connection_that_it_keeps(served: ServiceOfClaims) -> None:
    assert NODE is not None
    command = [NODE, "-e", NODE_CLIENT, path()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
    found = json.loads(done.stdout)
    assert found[0] == [200, "5"]
    assert found[1] == [200, "0\n1\n2\n"]
    assert (found[2][0], json.loads(found[2][1])["code"]) == (422, "bad-arguments")
    assert found[3] == [202, ""]
    assert found[4] == [0, "ECONNRESET"]
    assert found[5] == [200, "2"]
    served.diary.wait_for("node")
    assert served.service.stats().connections == 2  # another one after the stream that was broken off


def test_all_clients_are_served_by_one_socket_at_once(served: ServiceOfClaims, web: httpx.Client) -> None:
    with Client(ADDRESS) as ours, ExitStack() as stack:
        held = ours.start("hold")
        peers = [stack.enter_context(raw()) for _ in range(3)]
        for peer in peers:
            peer.sendall(request("/hold"))
        served.diary.wait_for(*["held"] * 4)
        assert web.post("/add", json={"a": 1}).json() == ours.call("add", 1) == 2
        served.gate.set()
        assert held.result(timeout=PATIENCE) == "released"


# --- where h11 is missing ---------------------------------------------------------------------------------------------

WITHOUT_H11 = """
import sys
sys.modules["h11"] = None
import logging, socket
import localsocket
logging.basicConfig(format="%(message)s")
service = localsocket.Service("demo.plain")
print(service.protocols)
with localsocket.ServerThread("demo.plain", service) as thread, socket.socket(socket.AF_UNIX) as peer:
    peer.connect(localsocket.parse_address("demo.plain").location)
    peer.sendall(b"GET / HTTP/1.1\\r\\n\\r\\n")
    try:
        assert not peer.recv(1)
    except ConnectionResetError:
        pass
"""


def test_where_h11_is_missing_the_log_names_what_to_install() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_H11], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "'http'" not in done.stdout
    (line,) = done.stderr.splitlines()
    assert "its first byte is 0x47" in line
    assert "pip install 'localsocket[http]'" in line


def test_a_service_that_does_not_speak_http_says_so_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    of_claims = ServiceOfClaims(is_async=False)
    with localsocket.ServerThread(ADDRESS, of_claims.service, protocols=["localsocket"]), raw() as peer:
        peer.sendall(b"G")
        assert peer.recv(1) == b""
        wait_until(lambda: of_claims.service.stats().dropped_peers == 1)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "with which http begins, which is not spoken here" in record.getMessage()
