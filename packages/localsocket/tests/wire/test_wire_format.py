"""docs/wire-format.md says what is really sent: a program that knows nothing else talks to real services."""

from __future__ import annotations

import ast
import fcntl
import json
import math
import mmap
import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
import pytest

import localsocket
from localsocket import CallLimits, LocalSocket, MessageSocket, ServerThread, Service
from localsocket.services.failures import _OURS
from localsocket.services.topic import Topic
from localsocket.testing import PATIENCE, wait_until
from localsocket.wire.frames import MAX_GREETING, VERSION, Kind
from localsocket.wire.greeting import Greeting
from localsocket.wire.serializers import SERIALIZERS
from repository import DOCS
from wire import other_program
from wire.other_program import (
    CALL,
    END,
    FAILURE,
    GREETING,
    HEADER,
    ITEM,
    MESSAGE,
    REPLY,
    STREAM,
    OtherProgram,
    pack,
    unpack,
)

PAGE = DOCS / "wire-format.md"
DUMP = re.compile(
    r"(?<=<!-- exchange: )(?P<name>[a-z ]+)(?P<between> -->\n\n```text\n)(?P<dump>.*?)(?=```\n)", re.DOTALL
)

ADDRESS = "demo.calc"
MEMORY, MEMORY_ANSWER, BODY_IN_MEMORY = Kind.MEMORY, Kind.MEMORY_ANSWER, Kind.BODY_IN_MEMORY
TIMEOUT = 0.2


class NotFound(Exception):
    """What is looked for is not there."""


def calculator() -> Service:
    """Return the service of the page."""
    service = Service("demo.calc", version="1.0", documentation="Calculates.", errors=[NotFound])

    @service.method(idempotent=True)
    def add(a: int, b: int = 1) -> int:
        "Add two numbers."
        return a + b

    @service.method
    def count(to: int) -> Iterator[int]:
        "Count from 0."
        yield from range(to)

    @service.method
    def find(name: str) -> int:
        "Find who has this name."
        error = NotFound("nobody is called", name)
        error.tried = 2  # type: ignore[attr-defined]
        raise error

    @service.method
    def size(data: bytes) -> int:
        "Tell how many bytes there are."
        return len(data)

    @service.method
    def fail() -> None:
        raise RuntimeError("secret")

    service.topic("ticks", float, queue=10, documentation="The time.")
    return service


@pytest.fixture(params=["loop", "asyncio"])
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    """Serve the service of the page, on each face."""
    served = calculator()
    if request.param == "asyncio":

        @served.method
        async def idle() -> None: ...

    with ServerThread(ADDRESS, served):
        yield served


@contextmanager
def talking(address: str = ADDRESS) -> Iterator[OtherProgram]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(localsocket.parse_address(address).location)
        yield OtherProgram(connection)


@contextmanager
def calling(**fields: Any) -> Iterator[OtherProgram]:
    with talking() as program:
        program.greet(role="client", max_message=65536, **fields)
        yield program


def test_the_other_program_knows_nothing_of_this_one() -> None:
    tree = ast.parse(Path(other_program.__file__).read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"__future__", "socket", "struct", "typing"}


NUMBERS = [0, 127, 128, 2**16, 2**32, 2**64 - 1, -1, -33, -(2**40), 1.5, -math.inf]
OTHERS = [
    None,
    True,
    False,
    "",
    "é" * 50,
    b"x" * 300,
    [],
    list(range(20)),
    {},
    {str(key): [{}] for key in range(20)},
]


@pytest.mark.parametrize("value", [*NUMBERS, *OTHERS])
def test_the_other_program_has_messagepack_right(value: object) -> None:
    assert msgspec.msgpack.decode(pack(value)) == value
    assert unpack(msgspec.msgpack.encode(value)) == value


# --- the exchanges of the page ----------------------------------------------------------------------------------------


def a_call(program: OtherProgram, _: Service) -> None:
    greeting = program.greet(role="client", max_message=65536, stream_window=30)
    assert (greeting["role"], greeting["service"], greeting["version"]) == ("service", "demo.calc", "1.0")
    built_in = [f"localsocket.{name}" for name in ("describe", "openapi", "ping", "stats")]
    assert greeting["idempotent"] == [*built_in, "add"]
    assert program.expect(REPLY, program.begin("add", 2, 3)) == 5


def named_arguments_and_a_timeout(program: OtherProgram, _: Service) -> None:
    assert program.expect(REPLY, program.begin("add", 2, timeout=1.5, named={"b": 3})) == 5


def failures(program: OtherProgram, _: Service) -> None:
    code, _, parts = program.expect(FAILURE, program.begin("ad", 2, 3))
    assert (code, parts) == ("no-such-method", {"method": "ad", "service": "demo.calc", "similar": ["add"]})
    code, _, parts = program.expect(FAILURE, program.begin("find", "Ada"))
    assert code == "raised"
    assert parts == {"name": "NotFound", "arguments": ["nobody is called", "Ada"], "attributes": {"tried": 2}}


def a_stream(program: OtherProgram, _: Service) -> None:
    count = program.begin("count", 5)
    assert program.expect(STREAM, count) is None
    assert [program.expect(ITEM, count) for _ in range(3)] == [0, 1, 2]  # 30 bytes are passed with the third
    program.credit(count, 3 * (HEADER.size + 1))
    assert [program.expect(ITEM, count) for _ in range(2)] == [3, 4]
    assert program.expect(END, count) is None


def a_window_in_items(program: OtherProgram, _: Service) -> None:
    count = program.begin("count", 2, carrier={"localsocket.prefetch": "1"})
    assert program.expect(STREAM, count) is None
    for number in range(2):
        assert program.expect(ITEM, count) == number
        program.credit(count, HEADER.size + 1)
    assert program.expect(END, count) is None


def a_cancel(program: OtherProgram, _: Service) -> None:
    count = program.begin("count", 1000)
    program.expect(STREAM, count)
    assert [program.expect(ITEM, count) for _ in range(3)] == [0, 1, 2]
    program.cancel(count)
    assert program.expect(REPLY, program.begin("add", 1, 1)) == 2


def a_subscription(program: OtherProgram, service: Service) -> None:
    ticks = service._topics["ticks"]
    subscription = program.begin("localsocket.subscribe", "ticks")
    program.expect(STREAM, subscription)
    assert ticks.publish(1.5) == 1
    assert program.expect(ITEM, subscription) == 1.5
    program.cancel(subscription)
    wait_until(lambda: ticks.subscribers == 0)


def a_numbered_subscription(program: OtherProgram, service: Service) -> None:
    ticks, life = service._topics["ticks"], b"\x5a\xe1\x07\xc2" * 3
    for tick in (0.5, 1.0):
        ticks.publish(tick)
    with patch.object(Topic, "_life", life):
        subscription = program.begin("localsocket.subscribe_numbered", "ticks")
        program.expect(STREAM, subscription)
    assert program.expect(ITEM, subscription) == [2, life]
    ticks.publish(1.5)
    assert program.expect(ITEM, subscription) == [3, 1.5]


@contextmanager
def offered(program: OtherProgram) -> Iterator[mmap.mmap]:
    """What the page says of memory, without a line of the package; numbers that differ each time are others there."""
    token, size = bytes(range(16)), 2 * 32_768
    descriptor = os.memfd_create("other", os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, size)
    fcntl.fcntl(descriptor, 1033, 1 | 2 | 4)  # F_ADD_SEALS: SEAL, SHRINK, GROW
    with mmap.mmap(descriptor, size) as memory:
        memory[:16] = token
        found = os.fstat(descriptor)
        program.send(MEMORY, 0, pack([os.getpid(), descriptor, found.st_dev, found.st_ino, size, token]))
        program.said[-1] = ("client", framed(MEMORY, 0, pack([4121, 7, 1, 1031, size, token])))
        kind, _, answer = program.receive()
        assert (kind, unpack(answer)) == (MEMORY_ANSWER, True)
        os.close(descriptor)
        yield memory


def a_call_in_memory(program: OtherProgram, _: Service) -> None:
    with offered(program) as memory:
        body = pack(["add", None, [2, 3]])
        memory[64 + 1] = 1
        memory[32_768 : 32_768 + len(body)] = body
        program.send(BODY_IN_MEMORY, 1, pack([CALL, 1, len(body)]))
        assert program.expect(REPLY, 1) == 5
        assert memory[64 + 1] == 0


def bytes_apart(program: OtherProgram, _: Service) -> None:
    with offered(program) as memory:
        program.said.clear()
        body = b"\x93\xa4size\xc0\x91" + b"\xc7\x02\x03\x00\x00"
        memory[64 + 1] = 1
        memory[32_768 : 32_768 + 5000 + len(body)] = bytes(5000) + body
        program.send(BODY_IN_MEMORY, 1, pack([CALL, 1, 5000 + len(body), [[False, 5000]]]))
        assert program.expect(REPLY, 1) == 5000


def framed(kind: int, number: int, body: bytes) -> bytes:
    return HEADER.pack(len(body), kind, 0, 0, number) + body


Exchange = Callable[[OtherProgram, Service], None]
EXCHANGES: dict[str, Exchange] = {
    "a call": a_call,
    "named arguments and a timeout": named_arguments_and_a_timeout,
    "failures": failures,
    "a stream": a_stream,
    "a window in items": a_window_in_items,
    "a cancel": a_cancel,
    "a subscription": a_subscription,
    "a numbered subscription": a_numbered_subscription,
    "a call in memory": a_call_in_memory,
    "bytes apart": bytes_apart,
}


CAPABILITIES = {
    "a call in memory": {"capabilities": ["shared-memory"]},
    "bytes apart": {"capabilities": ["shared-memory", "apart"]},
}


@pytest.mark.parametrize("name", EXCHANGES)
def test_an_exchange_is_what_the_page_shows(service: Service, name: str) -> None:
    with talking() as program:
        if name != "a call":
            program.greet(role="client", max_message=65536, stream_window=30, **CAPABILITIES.get(name, {}))
            program.said.clear()
        EXCHANGES[name](program, service)
    check_dump(name, program.said)


def test_messages_are_what_the_page_shows() -> None:
    def echo(connection: LocalSocket) -> None:
        with MessageSocket(connection, serializer="json") as messages:
            for message in messages:
                messages.send(message)

    with ServerThread(ADDRESS, echo), talking() as program:
        greeting = program.greet(role="messages", max_message=1000, serializer="json")
        assert (greeting["role"], greeting["serializer"], greeting["max_message"]) == ("messages", "json", 1 << 20)
        program.send_message(b'{"a": [1, null]}')
        assert program.receive() == (MESSAGE, 0, b'{"a":[1,null]}')
    check_dump("messages", program.said)


def check_dump(name: str, said: list[tuple[str, bytes]]) -> None:
    """Compare with the page; where UPDATE_WIRE_FORMAT is set, change the page instead."""
    page = PAGE.read_text(encoding="utf-8")
    shown = {found: dump for found, _, dump in DUMP.findall(page)}
    real = "\n".join(dumped(who, frame) for who, frame in said) + "\n"
    if os.environ.get("UPDATE_WIRE_FORMAT"):
        written = DUMP.sub(lambda block: block[1] + block[2] + (real if block[1] == name else block[3]), page)
        PAGE.write_text(written, encoding="utf-8")
        return
    assert shown.get(name) == real, "UPDATE_WIRE_FORMAT=1 pytest tests/wire/test_wire_format.py writes the page anew"


def dumped(who: str, frame: bytes) -> str:
    """Return the frame for the page: who, what, the header in its five parts, and the body in rows."""
    _, kind, _, _, number = HEADER.unpack_from(frame)
    header, body = frame[: HEADER.size], frame[HEADER.size :]
    parts = [header[begin:end].hex(" ") for begin, end in ((0, 4), (4, 5), (5, 6), (6, 8), (8, 12))]
    of = "" if kind in (Kind.GREETING, Kind.MESSAGE) else f" {number}"
    rows = [f"{who}: {Kind(kind).name}{of}", "    " + "  ".join(parts)]
    for begin in range(0, len(body), 16):
        row = body[begin : begin + 16]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        rows.append(f"    {row.hex(' '):<47}  |{text}|")
    return "\n".join(rows)


def test_the_page_has_no_other_dumps() -> None:
    assert {name for name, _, _ in DUMP.findall(PAGE.read_text(encoding="utf-8"))} == {*EXCHANGES, "messages"}


def test_a_description_is_what_the_page_shows() -> None:
    with ServerThread(ADDRESS, calculator()), calling() as program:
        described = program.expect(REPLY, program.begin("localsocket.describe"))
    shown = re.search(r"^```json\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert shown is not None
    methods = [each for each in described["methods"] if each["name"] in ("add", "count")]
    assert json.loads(shown[1]) == {**described, "methods": methods}


# --- what the page says without a dump --------------------------------------------------------------------------------


def test_a_notification_is_not_answered(service: Service) -> None:
    with calling() as program:
        program.notify("add", 2, 3)
        program.notify("no such method")
        assert program.expect(REPLY, program.begin("add", 2, 3)) == 5
    assert service.stats().calls == 3


def test_arguments_that_do_not_fit_are_told_with_the_path_to_them(service: Service) -> None:
    """Not in a dump: the reason is in msgspec's words."""
    with calling() as program:
        code, _, parts = program.expect(FAILURE, program.begin("add", 2, "3"))
    assert (code, parts["method"], parts["path"]) == ("bad-arguments", "add", "b")
    assert parts["reason"]


def test_what_is_not_declared_is_told_by_reference_alone(service: Service) -> None:
    with calling() as program:
        code, message, parts = program.expect(FAILURE, program.begin("fail"))
    assert (code, message, parts["details"]) == ("failed", "the method failed", "")
    assert re.fullmatch("[0-9a-f]{8}", parts["reference"])


def test_a_timeout_that_is_over_is_too_late(service: Service) -> None:
    with calling() as program:
        code, _, parts = program.expect(FAILURE, program.begin("add", 2, 3, timeout=0.0))
    assert (code, parts) == ("too-late", {"doing": "calling 'add'", "timeout": 0.0})


def test_a_topic_that_is_not_there_is_told(service: Service) -> None:
    with calling() as program:
        code, _, parts = program.expect(FAILURE, program.begin("localsocket.subscribe", "tocks"))
    assert (code, parts) == ("no-such-topic", {"topic": "tocks", "service": "demo.calc", "topics": ["ticks"]})


def test_a_client_that_says_nothing_of_streams_grants_before_it_gets_anything(service: Service) -> None:
    with calling() as program:
        count = program.begin("count", 2)
        assert program.expect(STREAM, count) is None
        assert program.expect(REPLY, program.begin("add", 2, 3)) == 5  # and no item has come
        program.credit(count, 1)
        assert program.expect(ITEM, count) == 0
        program.credit(count, 1000)
        assert program.expect(ITEM, count) == 1
        assert program.expect(END, count) is None


def test_an_item_beyond_the_window_waits_for_the_next_credit(service: Service) -> None:
    with calling(stream_window=1 << 20) as program:
        assert "stream-terms" in unpack(program.said[1][1][HEADER.size :])["capabilities"]
        count = program.begin("count", 3, carrier={"localsocket.prefetch": "2"})
        assert program.expect(STREAM, count) is None
        assert [program.expect(ITEM, count) for _ in range(2)] == [0, 1]
        assert program.expect(REPLY, program.begin("add", 2, 3)) == 5  # and no third item has come
        program.credit(count, 1)  # for one item, however many bytes it says
        assert program.expect(ITEM, count) == 2
        program.credit(count, 1)
        assert program.expect(END, count) is None


def test_the_time_of_a_stream_is_for_all_of_it_unless_it_is_for_its_beginning(service: Service) -> None:
    with calling(stream_window=13) as program:
        lasting = program.begin("count", 2, timeout=TIMEOUT, carrier={"localsocket.timeout": "begin"})
        assert (program.expect(STREAM, lasting), program.expect(ITEM, lasting)) == (None, 0)
        timed = program.begin("count", 2, timeout=TIMEOUT)
        assert (program.expect(STREAM, timed), program.expect(ITEM, timed)) == (None, 0)
        code, _, parts = program.expect(FAILURE, timed)
        assert (code, parts["timeout"]) == ("too-late", TIMEOUT)
        program.credit(lasting, 1000)
        assert program.expect(ITEM, lasting) == 1
        assert program.expect(END, lasting) is None


def test_calls_may_follow_the_greeting_at_once_and_ids_are_any_but_zero(service: Service) -> None:
    with talking() as program:
        program.send(GREETING, other_program.LSCK, pack({"role": "client", "max_message": 65536}), flags=1)
        for number in (2**32 - 1, 7, 1):
            program.send(CALL, number, pack(["add", None, [number]]))
        assert program.receive()[0] == GREETING
        got = {(kind, number, unpack(body)) for kind, number, body in (program.receive() for _ in range(3))}
    assert got == {(REPLY, 2**32 - 1, 2**32), (REPLY, 7, 8), (REPLY, 1, 2)}


def test_longer_arrays_and_bodies_where_none_are_expected_are_as_good(service: Service) -> None:
    with calling(stream_window=30, colour="red") as program:
        program.send(CALL, 1, pack(["add", None, [2], {"b": 3}, {"traceparent": "00-1"}, "of a later version"]))
        assert program.expect(REPLY, 1) == 5
        program.send(other_program.CANCEL, 1, b"nobody looks at this")
        assert program.expect(REPLY, program.begin("add", 2, 3)) == 5


def test_a_client_that_finishes_sending_is_gone(service: Service) -> None:
    with calling(stream_window=30) as program:
        program.expect(STREAM, program.begin("localsocket.subscribe", "ticks"))
        program._connection.shutdown(socket.SHUT_WR)
        with pytest.raises(EOFError):
            program.receive()
    wait_until(lambda: service.stats().open_connections == 0)


# --- the tables of the page -------------------------------------------------------------------------------------------


def table(heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading of the page, without its head."""
    page = PAGE.read_text(encoding="utf-8")
    below = page[re.search(rf"^#+ {heading}$", page, re.MULTILINE).end() :]  # type: ignore[union-attr]
    rows = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)
    assert rows is not None
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[0].splitlines()[2:]]


def test_the_page_has_every_kind_of_frame() -> None:
    rows = table("Kinds")
    assert {int(row[0]): row[1].strip("`") for row in rows} == {kind.value: kind.name for kind in Kind}


def test_the_page_has_every_field_of_a_greeting_and_its_default() -> None:
    smallest = Greeting(role="client", max_message=0)
    required = {field.name for field in msgspec.structs.fields(Greeting) if field.required}
    absent = {"max_descriptors": 0, "waits": None}
    defaults = {
        name: "required" if name in required else json.dumps(absent[name] if value is msgspec.UNSET else value)
        for name, value in msgspec.structs.asdict(smallest).items()
    }
    assert {row[0].strip("`"): row[2].strip("`") for row in table("Greeting")} == defaults


def test_the_page_has_every_failure_and_its_parts() -> None:
    ours = {code: ", ".join(f"`{part}`" for part in parts) for code, _, parts in _OURS}
    shown = {row[0].strip("`"): re.sub(r" \([^)]*\)", "", row[1]) for row in table("Failures")}
    assert {code: parts for code, parts in shown.items() if code in ours} == ours
    assert set(shown) - set(ours) == {"raised", "failed"}


def test_the_page_has_the_limits_as_they_are() -> None:
    limits = CallLimits()
    shown = {row[0].strip("`"): row[1] for row in table("Limits of localsocket")}
    assert shown == {
        "CallLimits.message": f"{limits.message:,} bytes",
        "CallLimits.calls": str(limits.calls),
        "CallLimits.stream": f"{limits.stream:,} bytes",
        "CallLimits.unsent": f"{limits.unsent:,} bytes",
        "CallLimits.greeting": f"{limits.greeting:g} seconds",
        "CallLimits.unfinished": f"{limits.unfinished:,} bytes",
        "CallLimits.shared_memory": f"{limits.shared_memory:,} bytes",
        "CallLimits.shared_memory_in_all": f"{limits.shared_memory_in_all:,} bytes",
        "max_message": f"{1 << 20:,} bytes",
    }


def test_the_page_has_the_version_and_the_forms() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert f"version {VERSION} of the protocol" in page
    assert f"at most {MAX_GREETING:,} bytes" in page
    assert [row[0].strip("`") for row in table("Messages")] == list(SERIALIZERS)
