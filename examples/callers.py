"""Everybody who can call the shop: our own clients, those of varlink, and those of HTTP.

Each is given the path of the socket and the questions, and returns the answers in their order.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from localsocket import Client, aio
from localsocket.errors import RemoteError
from questions import PATIENCE, Question

Ask = Callable[[str, list[Question]], list[Any]]


@dataclass(frozen=True)
class Caller:
    """`needs` is the program or the module without which it cannot call."""

    name: str
    protocol: str
    ask: Ask
    needs: str = ""
    most: int | None = None  # calls: one that is a process for each call


# --- by our protocol --------------------------------------------------------------------------------------------------


def ask_by_client(path: str, asked: list[Question], protocol: Any = "localsocket") -> list[Any]:
    def ask(question: Question) -> Any:
        if question.is_stream:
            return list(client.stream(question.method, **question.arguments))
        try:
            return client.call(question.method, **question.arguments)
        except RemoteError as error:
            return error.name.rpartition(".")[2]

    with Client(path, timeout=PATIENCE, protocol=protocol) as client:
        return [ask(question) for question in asked]


def ask_by_client_of_varlink(path: str, asked: list[Question]) -> list[Any]:
    return ask_by_client(path, asked, protocol="varlink")


def ask_by_aio_client(path: str, asked: list[Question]) -> list[Any]:
    async def ask(client: aio.Client, question: Question) -> Any:
        if question.is_stream:
            return [item async for item in client.stream(question.method, **question.arguments)]
        try:
            return await client.call(question.method, **question.arguments)
        except RemoteError as error:
            return error.name

    async def ask_all() -> list[Any]:
        async with aio.Client(path, timeout=PATIENCE) as client:
            return await asyncio.gather(*(ask(client, question) for question in asked))

    return asyncio.run(ask_all())


# --- by varlink -------------------------------------------------------------------------------------------------------


def in_varlink(question: Question) -> dict[str, Any]:
    name = "".join(part.capitalize() for part in question.method.split("_"))
    message: dict[str, Any] = {"method": f"demo.shop.{name}", "parameters": question.arguments}
    return message | {"more": True} if question.is_stream else message


def read_varlink(replies: Iterator[dict[str, Any]]) -> Any:
    """Return the answer to one question, taking as many replies as it has."""
    items = []
    for reply in replies:
        if error := reply.get("error"):
            return error.rpartition(".")[2]
        parameters = reply.get("parameters", {})
        if "result" in parameters:
            return parameters["result"]
        if not reply.get("continues"):
            break
        items.append(parameters["item"])
    return items


def ask_by_netcat(path: str, asked: list[Question]) -> list[Any]:
    with subprocess.Popen(["nc", "-U", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as netcat:
        assert netcat.stdin is not None
        assert netcat.stdout is not None
        arrive = netcat.stdout.read

        def replies() -> Iterator[dict[str, Any]]:
            while message := b"".join(iter(lambda: arrive(1).rstrip(b"\0"), b"")):  # ends at NUL, or with netcat
                yield json.loads(message)

        arriving, answers = replies(), []
        for question in asked:
            netcat.stdin.write(json.dumps(in_varlink(question)).encode() + b"\0")
            netcat.stdin.flush()
            answers.append(read_varlink(arriving))
        netcat.kill()
    return answers


def ask_by_varlinkctl(path: str, asked: list[Question]) -> list[Any]:
    return [_ask_varlinkctl(path, question) for question in asked]


def _ask_varlinkctl(path: str, question: Question) -> Any:
    more = ["--more"] if question.is_stream else []
    arguments = [path, in_varlink(question)["method"], json.dumps(question.arguments)]
    command = ["varlinkctl", "call", "--json=short", *more, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode != 0:
        return "NotFound" if "demo.shop.NotFound" in done.stderr + done.stdout else done.stderr
    said = [json.loads(line) for line in done.stdout.replace("\x1e", "\n").splitlines() if line]
    if question.is_stream:
        return [reply["item"] for reply in said if reply.get("item") is not None]
    return said[0]["result"]


def ask_by_varlink(path: str, asked: list[Question]) -> list[Any]:
    import varlink  # type: ignore[import-untyped]

    def ask(question: Question) -> Any:
        method = getattr(shop, in_varlink(question)["method"].rpartition(".")[2])
        if question.is_stream:
            replies = method(**question.arguments, _more=True)
            return [reply["item"] for reply in replies if reply.get("item") is not None]
        try:
            return method(**question.arguments)["result"]
        except varlink.VarlinkError as error:
            return error.error().rpartition(".")[2]

    with varlink.Client(f"unix:{path}") as client, client.open("demo.shop") as shop:
        return [ask(question) for question in asked]


def ask_by_asyncvarlink(path: str, asked: list[Question]) -> list[Any]:
    import asyncvarlink

    async def ask(protocol: Any, question: Question) -> Any:
        call = asyncvarlink.VarlinkMethodCall(**in_varlink(question))
        if question.is_stream:
            replies = [reply.tojson() async for reply, _descriptors in protocol.call_more(call)]
        else:
            replies = [(await protocol.call(call))[0].tojson()]
        return read_varlink(iter(replies))

    async def ask_all() -> list[Any]:
        transport, protocol = await asyncvarlink.connect_unix_varlink(asyncvarlink.VarlinkClientProtocol, path)
        try:
            return [await ask(protocol, question) for question in asked]
        finally:
            transport.close()

    return asyncio.run(ask_all())


# --- by HTTP ----------------------------------------------------------------------------------------------------------


def read_http(question: Question, body: str) -> Any:
    """Return the answer: JSON, a line of it for each item of a stream, or a problem that names the error."""
    if question.is_stream:
        return [json.loads(line) for line in body.splitlines()]
    answer = json.loads(body)
    is_problem = isinstance(answer, dict) and answer.get("code") == "raised"
    return answer["parts"]["name"] if is_problem else answer


def ask_by_httpx(path: str, asked: list[Question]) -> list[Any]:
    import httpx

    transport = httpx.HTTPTransport(uds=path)
    with httpx.Client(transport=transport, base_url="http://localhost", timeout=PATIENCE) as client:
        bodies = [client.post(f"/{question.method}", json=question.arguments).text for question in asked]
    return list(map(read_http, asked, bodies))


def ask_by_curl(path: str, asked: list[Question]) -> list[Any]:
    transfers = [
        f'url = "http://localhost/{question.method}"\n'
        f"unix-socket = {json.dumps(path)}\n"
        f"data = {json.dumps(json.dumps(question.arguments))}\n"
        'header = "Content-Type: application/json"\n'
        'write-out = "\\n=\\n"\n'
        for question in asked
    ]
    command = ["curl", "--silent", "--show-error", "--config", "-"]
    done = subprocess.run(
        command, input="next\n".join(transfers), capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    return list(map(read_http, asked, done.stdout.split("\n=\n")))


NODE = """
const http = require("node:http");
const [socketPath, questions] = JSON.parse(require("node:fs").readFileSync(0));
const agent = new http.Agent({ keepAlive: true });

function post({ method, arguments }) {
  return new Promise((resolve, reject) => {
    const options = { socketPath, agent, path: `/${method}`, method: "POST" };
    const request = http.request({ ...options, headers: { "Content-Type": "application/json" } }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text) => (body += text)).on("end", () => resolve(body));
    });
    request.on("error", reject).end(JSON.stringify(arguments));
  });
}

(async () => {
  const bodies = [];
  for (const question of questions) bodies.push(await post(question));
  console.log(JSON.stringify(bodies));
  agent.destroy();
})();
"""


def ask_by_node(path: str, asked: list[Question]) -> list[Any]:
    given = json.dumps([path, [{"method": each.method, "arguments": each.arguments} for each in asked]])
    done = subprocess.run(
        ["node", "-e", NODE], input=given, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    return list(map(read_http, asked, json.loads(done.stdout)))


CALLERS = [
    Caller("localsocket.Client", "localsocket", ask_by_client),
    Caller("localsocket.aio.Client", "localsocket", ask_by_aio_client),
    Caller("localsocket.Client", "varlink", ask_by_client_of_varlink),
    Caller("varlinkctl", "varlink", ask_by_varlinkctl, needs="varlinkctl", most=50),
    Caller("varlink (PyPI)", "varlink", ask_by_varlink, needs="varlink"),
    Caller("asyncvarlink", "varlink", ask_by_asyncvarlink, needs="asyncvarlink"),
    Caller("netcat", "varlink", ask_by_netcat, needs="nc"),
    Caller("curl", "http", ask_by_curl, needs="curl"),
    Caller("httpx", "http", ask_by_httpx, needs="httpx"),
    Caller("Node", "http", ask_by_node, needs="node"),
]
