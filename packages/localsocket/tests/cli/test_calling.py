"""`localsocket describe`, `call` and `subscribe`, as a person, a script and a program see them."""

from __future__ import annotations

import base64
import enum
import io
import json
import os
import signal
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import pytest

from localsocket import Fd, LocalSocket, ServerThread, Service
from localsocket.services.description import (
    ErrorDescription,
    FieldDescription,
    MethodDescription,
    ParameterDescription,
    ServiceDescription,
    TopicDescription,
    TypeDescription,
)
from localsocket.testing import PATIENCE, Background, wait_until

Command = Callable[..., tuple[int, str, str]]
OnTerminal = Callable[..., tuple[int, str]]
Start = Callable[..., subprocess.Popen[bytes]]


class NotFound(Exception):
    """Declared by the service."""


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Person:
    name: str
    age: int = 0


def make_service() -> Service:
    service = Service("demo.all", version="1.2", documentation="Does a little\nof everything.", errors=[NotFound])

    @service.method
    def add(a: int, b: int = 2) -> int:
        """Add two numbers."""
        return a + b

    @service.method(idempotent=True)
    def find(name: str) -> Person:
        if name != "joe":
            raise NotFound(f"nobody is called {name}")
        return Person(name, 5)

    @service.method
    def older(person: Person, *, years: int) -> Person:
        return Person(person.name, person.age + years)

    @service.method
    def join(data: bytes, text: str) -> bytes:
        return data + text.encode() + b"\0\xff"

    @service.method
    def echo(value: object) -> object:
        return value

    @service.method
    def show(text: str | None) -> str | None:
        return text

    @service.method
    def paint(colour: Colour, depth: Annotated[int, msgspec.Meta(le=9)] = 3, timeout: float = 1) -> str:
        return f"{colour.value} {depth} {timeout}"

    @service.method
    def count(to: int) -> Iterator[int]:
        yield from range(to)

    @service.method
    def pieces() -> Iterator[bytes]:
        yield b"\xff\n"
        yield b"end"

    @service.method
    def break_off() -> Iterator[int]:
        yield 1
        raise NotFound("the rest")

    @service.method
    def fail() -> None:
        raise ZeroDivisionError

    service.topic("news", str, documentation="What happens.", queue=10, policy="block")
    return service


@pytest.fixture
def service() -> Iterator[Service]:
    """A service of many kinds of methods, served at its name."""
    service = make_service()
    with ServerThread("demo.all", service):
        yield service


# --- describe ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("service")
def test_a_service_is_described_in_full(command: Command) -> None:
    status, output, errors = command("describe", "demo.all")
    assert (status, errors) == (0, "")
    assert output.startswith(
        "demo.all 1.2\n  Does a little\n  of everything.\n  (every method may raise NotFound)\n\nMethods\n"
    )
    for part in (
        "\n  add(a: int, b: int = 2) -> int\n      Add two numbers.\n",
        "\n  find(name: str) -> Person\n      (idempotent)\n",
        "\n  count(to: int) -> stream of int\n",
        "\n\nTopics\n  news: str\n      What happens.\n      (10 messages may wait; then: block)\n",
    ):
        assert part in output


@pytest.mark.usefixtures("service")
def test_a_program_gets_the_description_as_one_json_object(command: Command) -> None:
    status, output, _ = command("describe", "demo.all", "--json")
    assert (status, output.count("\n")) == (0, 1)
    description = json.loads(output)
    assert list(description) == ["name", "version", "documentation", "methods", "topics", "raises", "errors", "types"]
    assert description["methods"][0]["parameters"][1] == {
        "name": "b",
        "type": "int",
        "default": "2",
        "kind": "positional-or-keyword",
        "schema": {"type": "integer", "default": 2},
    }


@pytest.mark.usefixtures("service")
def test_types_and_errors_are_told_to_a_person(command: Command) -> None:
    status, output, errors = command("describe", "demo.all", "--types")
    assert (status, errors) == (0, "")
    assert output.startswith("demo.all 1.2\n  Does a little\n  of everything.\n  (every method may raise NotFound)\n")
    assert output.endswith(
        "\n\nTypes\n  Person\n      name: str\n      age: int = 0\n  Colour\n      RED = 'red'\n      BLUE = 'blue'\n"
        "\nErrors\n  NotFound\n      Declared by the service.\n"
    )
    assert "\n\nTypes\n" not in command("describe", "demo.all")[1]


@pytest.mark.usefixtures("service")
def test_a_document_is_printed_as_json(command: Command) -> None:
    status, output, _ = command("describe", "demo.all", "--json-schema")
    assert status == 0
    assert json.loads(output)["methods"]["find"]["result"] == {"$ref": "#/$defs/Person"}
    status, output, _ = command("describe", "demo.all", "--openapi")
    assert status == 0
    assert json.loads(output)["openapi"] == "3.1.0"


@pytest.mark.usefixtures("service")
def test_the_varlink_description_is_printed(command: Command) -> None:
    status, output, errors = command("describe", "demo.all", "--varlink")
    assert (status, errors) == (0, "")
    assert output.startswith("# Does a little\n# of everything.\ninterface demo.all\n")
    assert "\nmethod Add(a: int, b: ?int) -> (result: int)\n" in output
    assert "interface org.varlink.service" not in output


@pytest.mark.usefixtures("service")
def test_a_service_is_called_by_varlink(command: Command) -> None:
    by_varlink = ("call", "--protocol", "varlink", "demo.all")
    assert command(*by_varlink, "Add", "a=2", "b:=3") == (0, "5\n", "")
    assert command(*by_varlink, "demo.all.Add", '{"a": 2, "b": 3}') == (0, "5\n", "")
    status, output, errors = command(*by_varlink, "add", "2")
    assert (status != 0, output) == (True, "")
    assert "by name: add(name=2)" in errors
    assert "InvalidParameter" not in command(*by_varlink, "add", "a=x").errors


def test_a_stream_is_asked_for_by_varlink(command: Command) -> None:
    service = Service("demo.counter")

    @service.method
    def count(to: int) -> Iterator[int]:
        yield from range(to)

    with ServerThread("demo.counter", service):
        asked = ("call", "demo.counter", "count", "to=2", "--protocol", "varlink")
        assert command(*asked, "--more") == (0, "0\n1\n", "")
        assert "client.stream()" in command(*asked).errors
        assert command("call", "demo.counter", "count", "to=2", "--more").status == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"[]\0",
        b"\xff\0",
        b'{"error": "org.varlink.service.MethodNotFound", "parameters": {}}\0',
    ],
)
def test_what_speaks_no_varlink_is_said_not_to(command: Command, answer: bytes) -> None:
    def answering(socket: LocalSocket) -> None:
        socket.read()
        socket.write(answer)

    with ServerThread("demo.foreign", answering):
        status, output, errors = command("describe", "demo.foreign", "--varlink")
    assert (status, output, errors.count("\n")) == (1, "", 1)
    assert "varlink" in errors


def test_a_foreign_varlink_service_is_described_and_its_words_stay_text(
    on_terminal: OnTerminal, hostile: str, check_harmless: Callable[[str], None]
) -> None:
    def answering(socket: LocalSocket) -> None:
        for parameters in (
            {"interfaces": ["org.varlink.service", "a.b"]},
            {"description": f"interface a.b\n{hostile}"},
        ):
            socket.read()
            socket.write(json.dumps({"parameters": parameters}).encode() + b"\0")
        socket.read()

    with ServerThread("demo.foreign", answering):
        status, shown = on_terminal("describe", "demo.foreign", "--varlink")
    assert status == 0
    assert shown.startswith("interface a.b\n")
    check_harmless(shown.replace("\t", ""))


def test_a_service_without_anything_is_described_in_a_line(command: Command) -> None:
    with ServerThread("demo.bare", Service("demo.bare")):
        assert command("describe", "demo.bare") == (0, "demo.bare\n", "")


# --- stub -------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("service")
def test_a_stub_is_a_module_with_what_the_service_tells(command: Command) -> None:
    status, output, errors = command("stub", "demo.all")
    assert (status, errors) == (0, "")
    assert "\nclass Person:\n" in output
    assert "    def find(self, name: str) -> Person: ...\n" in output
    status, output, errors = command("stub", "demo.all", "--async")
    assert "    async def find(self, name: str) -> Person: ...\n" in output


def test_a_stub_that_would_be_no_module_is_not_printed(command: Command) -> None:
    class Lying(Service):
        def describe(self) -> ServiceDescription:
            parameters = [ParameterDescription("a", "int"), ParameterDescription("a", "int")]
            return ServiceDescription("demo.lies", "", "", [MethodDescription("f", "call", "", parameters, "int")], [])

    with ServerThread("demo.lies", Lying("demo.lies")):
        status, output, errors = command("stub", "demo.lies")
    assert (status, output) == (1, "")
    assert "cannot be written as a Python module" in errors


# --- call -------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        (["add", "2", "3"], "5\n"),
        (["add", "-2", "--with", "b=-3"], "-5\n"),
        (["find", "joe"], '{"name":"joe","age":5}\n'),
        (["find", '"joe"'], '{"name":"joe","age":5}\n'),
        (["find", "--with=name=joe"], '{"name":"joe","age":5}\n'),
        (["older", '{"name": "joe"}', "--with", "years=7"], '{"name":"joe","age":7}\n'),
        (["echo", "[1, 2.5, null, true]"], "[1,2.5,null,true]\n"),
        (["echo", "a=b"], '"a=b"\n'),
        (["echo", "null"], "null\n"),
        (["echo", "Grüße"], '"Grüße"\n'),
        (["echo", '"--raw"'], '"--raw"\n'),
        (["echo", '"-"'], '"-"\n'),
        (["add", "a=2", "b:=3"], "5\n"),
        (["add", "2", "b=3"], "5\n"),
        (["find", "name=joe"], '{"name":"joe","age":5}\n'),
        (["older", '{"name": "joe"}', "years=7"], '{"name":"joe","age":7}\n'),
        (["older", "years=7", 'person:={"name": "joe"}'], '{"name":"joe","age":7}\n'),
        (["show", "5"], '"5"\n'),
        (["show", "text=5"], '"5"\n'),
        (["show", 'text="5"'], '"\\"5\\""\n'),
        (["show", 'text:="5"'], '"5"\n'),
        (["show", "text=null"], '"null"\n'),
        (["show", "text:=null"], "null\n"),
        (["show", "text=a=b"], '"a=b"\n'),
        (["echo", "value=5"], "5\n"),
        (["echo", "value=five"], '"five"\n'),
        (["paint", "red", "-5"], '"red -5 1"\n'),
        (["paint", "red", "depth=2", "timeout=2"], '"red 2 2.0"\n'),
        (["echo", "-1e3"], "-1000.0\n"),
        (["echo", "NaN"], '"NaN"\n'),
        (["echo", ""], '""\n'),
        (["echo", "5", "--json"], "5\n"),
        (["join", "aGk=", "é"], f'"{base64.b64encode("hié".encode() + bytes([0, 255])).decode()}"\n'),
        (["count", "3"], "0\n1\n2\n"),
        (["count", "0"], ""),
        (["count", "2", "--json"], "0\n1\n"),
        (["echo", "two\nlines", "--raw"], "two\nlines\n"),
        (["pieces", "--raw"], "\udcff\nend"),
        (["pieces"], '"/wo="\n"ZW5k"\n'),
        (["echo", '{"a": "b"}', "--raw"], '{"a":"b"}\n'),
    ],
)
def test_what_a_method_gives_is_printed_as_json(command: Command, arguments: list[str], output: str) -> None:
    assert command("call", "demo.all", *arguments) == (0, output, "")


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["call", "demo.all", "find", "jim"], 1, "NotFound: nobody is called jim"),
        (["call", "demo.all", "add"], 2, "'add' needs 'a', which takes int: add(a: int, b: int = 2) -> int"),
        (["call", "demo.all", "add", "x"], 2, """'a' of 'add' takes int, but "x" was given"""),
        (["call", "demo.all", "add", "a=1.5"], 2, "'a' of 'add' takes int, but 1.5 was given"),
        (["call", "demo.all", "add", "true"], 2, "'a' of 'add' takes int, but true was given"),
        (["call", "demo.all", "add", "1", "2", "3"], 2, "'add' takes 2 positional arguments"),
        (["call", "demo.all", "add", "1", "a=3"], 2, "'add' was given 'a' twice"),
        (["call", "demo.all", "add", "1", "c:=3"], 2, "'add' has no parameter 'c': add(a: int"),
        (["call", "demo.all", "find", "nam=joe"], 2, "; did you mean 'name'?"),
        (["call", "demo.all", "add", "a:=x"], 2, 'a:= takes JSON, not "x"'),
        (
            ["call", "demo.all", "older", "{}", "years=1"],
            2,
            "'person.name' of 'older' takes string (person: Person), but ",
        ),
        (["call", "demo.all", "older", '{"name": 5}', "years=1"], 2, "but 5 was given"),
        (["call", "demo.all", "paint", "green"], 2, """takes Colour ('blue' or 'red'), but "green" was given"""),
        (["call", "demo.all", "paint", "red", "10"], 2, "takes Annotated[int, Meta(le=9)] (integer <= 9), but 10"),
        (["call", "demo.all", "paint", "red", "timeout:=1"], 2, "called timeout can only be given by position"),
        (["call", "demo.all", "echo", "@/none"], 2, "'/none' cannot be read: No such file"),
        (["call", "demo.all", "add", "-", "-"], 2, "standard input, '-', can be only one argument"),
        (["call", "demo.all", "ad", "1"], 1, "has no method 'ad'; did you mean 'add'?"),
        (["call", "demo.all", "zzz"], 1, "has no method 'zzz'; localsocket describe shows what it has"),
        (["call", "demo.all", "fail"], 1, "calling 'fail' failed: the method failed; see "),
        (["call", "demo.all", "add", "1" + "0" * 30], 2, "this cannot be sent as msgpack"),
        (["call", "demo.all", "add", "1", "--loud"], 2, """no option --loud; if it is an argument, write it as JSON"""),
        (["list", "-z"], 2, "no option -z; if it is an argument, write -- before it"),
        (["list", "--state", "foo"], 2, "--state takes live or stale or unknown, not 'foo'"),
        (["stats", "demo.all", "--prom"], 2, "no option --prom; did you mean --prometheus?"),
        (["call", "demo.all", "add", "1", "--with", "b"], 2, "--with takes PARAMETER=JSON, not 'b'"),
        (["call", "demo.all", "add", "1", "--with", "=b"], 2, "--with takes PARAMETER=JSON, not '=b'"),
        (["call", "demo.all", "add", "1", "--with", "timeout=3"], 2, "'add' has no parameter 'timeout'"),
        (["call", "demo.all", "add", "1", "--json", "--raw"], 2, "cannot be combined"),
        (["subscribe", "demo.all", "news", "--json", "--raw"], 2, "cannot be combined"),
        (["subscribe", "demo.all", "olds"], 1, "has no topic 'olds'; it has 'news'"),
        (["subscribe", "demo.all", "news", "--timeout", "0.01"], 4, "took too long"),
        (["call", "demo.none", "add"], 3, "no server at 'demo.none'"),
        (["describe", "demo.all", "--json", "--types"], 2, "cannot be combined"),
        (["describe", "demo.none", "--wait", "--timeout", "0.01"], 4, "at 'demo.none' (tried for 0.01 s); --timeout"),
        (["describe", "no name"], 2, "'no name' is not an address"),
        (["subscribe", "demo.none", "news"], 3, "no server at 'demo.none'"),
    ],
)
def test_what_goes_wrong_has_its_status_and_one_line(
    command: Command, arguments: list[str], status: int, said: str
) -> None:
    ended, output, errors = command(*arguments)
    assert (ended, output, errors.count("\n")) == (status, "", 1)
    assert said in errors


@pytest.mark.usefixtures("service")
def test_arguments_come_from_files_and_the_standard_input(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def typed(*arguments: str, standard_input: bytes = b"") -> str:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(standard_input)))
        status, output, errors = command("call", "demo.all", *arguments)
        assert (status, errors) == (0, "")
        return output

    data, person = tmp_path / "data", tmp_path / "person"
    data.write_bytes(b"\0hi")
    person.write_text('{"name": "joe"}')
    whole = base64.b64encode(b"\0hi5\0\xff").decode()
    assert typed("join", f"@{data}", "text=5") == f'"{whole}"\n'
    assert typed("join", "-", "5", standard_input=b"\0hi") == f'"{whole}"\n'
    assert typed("join", f"data=@{data}", "text=-", standard_input=b"5") == f'"{whole}"\n'
    assert typed("older", f"@{person}", "years=2") == '{"name":"joe","age":2}\n'
    assert typed("older", f"person:=@{person}", "years:=-", standard_input=b"2") == '{"name":"joe","age":2}\n'
    assert typed("show", "-", standard_input=b"5\n") == '"5\\n"\n'


def test_where_a_service_does_not_say_arguments_are_what_they_look_like(command: Command) -> None:
    class Silent(Service):
        def describe(self) -> ServiceDescription:
            return ServiceDescription("demo.silent", "", "", [], [])

    service = Silent("demo.silent")
    service.method(lambda a, b=None: [a, b], name="f")
    with ServerThread("demo.silent", service):
        assert command("call", "demo.silent", "f", "5", "b=x") == (0, '[5,"x"]\n', "")
        status, _, errors = command("call", "demo.silent", "f", "--with", "a=5", "timeout=2")
        assert (status, errors.count("\n")) == (2, 1)


@pytest.mark.usefixtures("service")
def test_a_stream_that_breaks_off_fails_after_the_items_that_came(command: Command) -> None:
    assert command("call", "demo.all", "break_off") == (1, "1\n", "localsocket: NotFound: the rest\n")


def test_a_call_that_takes_too_long_is_cancelled_where_it_is_served(command: Command) -> None:
    service, has_ended = Service("demo.slow"), threading.Event()

    @service.method
    async def sleep() -> None:
        import asyncio

        try:
            await asyncio.get_running_loop().create_future()
        finally:
            has_ended.set()

    ends = []
    with ServerThread("demo.slow", service):
        while not has_ended.is_set():  # in a slow moment it has not begun when its time is over
            ends.append(command("call", "demo.slow", "sleep", "--timeout", "0.1"))
    assert (4, "", "localsocket: calling 'sleep' took too long; --timeout gives it more time\n") in ends


def test_the_time_that_is_given_is_for_a_whole_stream(command: Command) -> None:
    service, has_ended = Service("demo.slow"), threading.Event()

    @service.method
    async def drip() -> AsyncIterator[int]:
        import asyncio

        try:
            yield 1
            await asyncio.get_running_loop().create_future()
        finally:
            has_ended.set()

    late = (4, "1\n", "localsocket: streaming 'drip' took too long; --timeout gives it more time\n")
    ends: list[object] = []
    with ServerThread("demo.slow", service):
        while late not in ends:  # in a slow moment it has not begun when its time is over
            ends.append(command("call", "demo.slow", "drip", "--timeout", "0.5"))
        assert has_ended.wait(PATIENCE)


def test_what_is_no_service_is_said_to_be_none(command: Command) -> None:
    def answer(socket: LocalSocket) -> None:
        socket.read()
        socket.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        socket.read_to_end()

    with ServerThread("demo.web", answer):
        status, output, errors = command("describe", "demo.web")
    assert (status, output, errors.count("\n")) == (1, "", 1)
    assert "does not speak this protocol" in errors


def test_waiting_for_a_server_finds_the_one_that_comes(command: Command) -> None:
    with (
        Background(command, "call", "demo.all", "add", "40", "--wait", "--timeout", PATIENCE) as caller,
        ServerThread("demo.all", make_service()),
    ):
        assert caller.result() == (0, "42\n", "")


@pytest.mark.long
@pytest.mark.usefixtures("service")
def test_a_reader_that_has_enough_ends_a_stream_without_a_word(start: Start) -> None:
    program = start("call", "demo.all", "count", 1_000_000)
    assert program.stdout is not None
    assert program.stdout.readline() == b"0\n"
    program.stdout.close()
    assert program.wait(PATIENCE) == 141
    assert program.stderr is not None
    assert program.stderr.read() == b""


# --- subscribe --------------------------------------------------------------------------------------------------------


def test_messages_are_printed_a_line_each_until_there_were_enough(command: Command, service: Service) -> None:
    news = service._topics["news"]

    def publish() -> None:
        wait_until(lambda: news.subscribers)
        for text in ("one", "two\nlines", "three"):
            news.publish(text)

    with Background(publish):
        assert command("subscribe", "demo.all", "news", "--count", 2) == (0, '"one"\n"two\\nlines"\n', "")


@pytest.mark.long
def test_each_message_is_printed_at_once_and_an_interrupt_ends_it_without_a_word(
    start: Start, service: Service
) -> None:
    news = service._topics["news"]
    program = start("subscribe", "demo.all", "news", "--raw")
    assert program.stdout is not None
    wait_until(lambda: news.subscribers)
    for text in ("one", "two"):
        news.publish(text)
        assert program.stdout.readline() == f"{text}\n".encode()
    program.send_signal(signal.SIGINT)
    assert program.communicate() == (b"", b"")
    assert program.returncode == 130
    wait_until(lambda: not news.subscribers)


def test_a_subscription_ends_with_its_server(command: Command) -> None:
    service = make_service()
    with ServerThread("demo.all", service) as server:

        def stop() -> None:
            wait_until(lambda: service._topics["news"].subscribers)
            server.stop()

        with Background(stop):
            status, output, errors = command("subscribe", "demo.all", "news")
    assert (status, output, errors.count("\n")) == (3, "", 1)
    assert "closed the connection" in errors


# --- hostile peers ----------------------------------------------------------------------------------------------------


class LyingService(Service):
    """Tells of itself what no honest service can."""

    def __init__(self, lie: str) -> None:
        self.lie = lie
        kind = type(lie, (Exception,), {})
        super().__init__("demo.lies", errors=[kind])

        @self.method
        def echo() -> dict[str, str]:
            return {lie: lie}

        @self.method
        def say() -> str:
            return lie

        @self.method
        def say_bytes() -> bytes:
            return lie.encode()

        @self.method
        def items() -> Iterator[str]:
            yield lie

        @self.method
        def fail() -> None:
            raise kind(lie)

    def describe(self) -> ServiceDescription:
        lie = self.lie
        parameter = ParameterDescription(lie, lie, lie)
        return ServiceDescription(
            lie,
            lie,
            lie,
            [MethodDescription(lie, "call", lie, [parameter], lie, lie, True, [lie], False, {lie: lie})],
            [TopicDescription(lie, lie, 5, lie, lie)],
            raises=[lie],
            errors=[ErrorDescription(lie, lie, lie, [FieldDescription(lie, lie, lie)], {lie: lie})],
            types=[
                TypeDescription(
                    lie, "object", {lie: lie}, lie, [FieldDescription(lie, lie, lie)], tag_field=lie, tag=lie
                ),
                TypeDescription(lie, "enum", members={lie: lie}, base=lie),
            ],
        )


@pytest.mark.parametrize(
    "arguments",
    [
        ["describe"],
        ["describe", "--json"],
        ["describe", "--types"],
        ["describe", "--json-schema"],
        ["describe", "--openapi"],
        ["stub"],
        ["call", "echo"],
        ["call", "echo", "--json"],
        ["call", "say"],
        ["call", "say", "--raw"],
        ["call", "say_bytes", "--raw"],
        ["call", "items"],
        ["call", "items", "--raw"],
    ],
    ids=" ".join,
)
def test_a_terminal_obeys_nothing_that_a_service_says(
    on_terminal: OnTerminal,
    hostile: str,
    check_harmless: Callable[[str], None],
    arguments: list[str],
) -> None:
    command, *rest = arguments
    with ServerThread("demo.lies", LyingService(hostile)):
        status, shown = on_terminal(command, "demo.lies", *rest)
    assert status == 0
    check_harmless(shown.replace("\t", ""))


@pytest.mark.parametrize("method", ["fail", "none"])
def test_an_error_that_a_service_makes_up_stays_one_harmless_line(
    command: Command, hostile: str, check_harmless: Callable[[str], None], method: str
) -> None:
    service = LyingService(hostile)
    service.name = hostile
    with ServerThread("demo.lies", service):
        status, output, errors = command("call", "demo.lies", method)
    assert (status, output, errors.count("\n")) == (1, "", 1)
    check_harmless(errors)


@pytest.mark.usefixtures("service")
def test_a_terminal_gets_json_laid_out_and_in_colours(on_terminal: OnTerminal) -> None:
    status, shown = on_terminal("call", "demo.all", "find", "joe")
    assert status == 0
    assert shown.startswith("\x1b[1m{\x1b[0m\n  ")
    assert shown.count("\n") == 4


@pytest.mark.usefixtures("service")
def test_a_program_at_a_terminal_gets_json_on_one_line_and_plain(on_terminal: OnTerminal) -> None:
    assert on_terminal("call", "demo.all", "find", "joe", "--json") == (0, '{"name":"joe","age":5}\n')


@pytest.mark.usefixtures("service")
def test_where_the_output_has_no_umlauts_json_stays_json(
    on_terminal: OnTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, shown = on_terminal("call", "demo.all", "echo", "Grüße", "--json", encoding="ascii")
    assert shown == '"Gr\\u00fc\\u00dfe"\n'
    assert json.loads(shown) == "Grüße"


def test_a_method_that_gives_a_descriptor_is_refused_since_nothing_could_be_done_with_it(
    command: Command, runtime_directory: Path
) -> None:
    service = Service("demo.files")

    @service.method
    def open_null(mode: str = "rb") -> Fd:
        with open(os.devnull, mode) as file:
            return Fd.of(file)

    @service.method
    def is_given(file: Fd | None = None) -> bool:
        return file is not None

    with ServerThread("demo.files", service):
        status, output, errors = command("call", "demo.files", "open_null")
        assert (status, output) == (2, "")
        assert "descriptor" in errors
        assert command("call", "demo.files", "is_given")[:2] == (0, "false\n")
        assert "open_null(mode: str = 'rb') -> Fd" in command("describe", "demo.files")[1]
