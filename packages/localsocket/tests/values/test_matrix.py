"""Each type comes back as it was, whichever way it goes, and docs/types.md lists what the tests have sent."""

from __future__ import annotations

import os
import sys
import types
import typing
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from contracts import AioFace, ClientUnderTest, ServiceFace, ServingInLoop, ServingInThread
from localsocket import MessageSocket, Service, pair
from localsocket.errors import BadResult, UnsuitableMessage
from localsocket.services.json_schema_document import json_schema_document
from localsocket.services.topic import Topic
from localsocket.tools.stub import stub_of
from localsocket.values.known_types import KnownTypes
from localsocket.values.refusing import check_can_be_sent
from localsocket.wire.call_bodies import CallBody
from repository import DOCS
from values.matrix import MATRIX, TYPES, WITHOUT_JSON, Case

ADDRESS = "values.matrix"
PAGE = DOCS / "types.md"
FACES = ["events-blocking", "asyncio-aio"]


@pytest.fixture(params=FACES)
def face(request: pytest.FixtureRequest) -> Iterator[ServiceFace]:
    if request.param == "events-blocking":
        yield ServingInThread(is_async=False)
        return
    with AioFace() as loop:
        yield ServingInLoop(loop, is_async=True, clients=loop)


def annotated(function: Callable[..., Any], **kinds: Any) -> Callable[..., Any]:
    function.__annotations__ = kinds
    return function


def add_to(service: Service, name: str, case: Case, *, is_async: bool) -> Topic[Any]:
    """Add for a type a method that gives back what it is given, one that gives it as items, and a topic."""

    def give(value: Any) -> Any:
        assert case.is_same(value, case.value), f"{case.written}: {value!r} arrived"
        return value

    def give_twice(value: Any) -> Any:
        yield value
        yield value

    async def give_later(value: Any) -> Any:
        return give(value)

    async def give_twice_later(value: Any) -> AsyncIterator[Any]:
        yield value
        yield value

    kind = case.kind
    items = AsyncIterator[kind] if is_async else Iterator[kind]
    service.method(annotated(give_later if is_async else give, value=kind, **{"return": kind}), name=f"give_{name}")
    service.method(
        annotated(give_twice_later if is_async else give_twice, value=kind, **{"return": items}), name=f"items_{name}"
    )
    return service.topic(f"topic_{name}", kind)


def named() -> Iterator[tuple[str, Case]]:
    return ((f"n{number}", case) for number, case in enumerate(MATRIX))


def typed_as(case: Case, name: str) -> type:
    """Return a class whose methods are those of a service for one type, as a program would write it."""

    def give(self: Any, value: Any) -> Any: ...
    def items(self: Any, value: Any) -> Any: ...

    methods = {
        f"give_{name}": annotated(give, value=case.kind, **{"return": case.kind}),
        f"items_{name}": annotated(items, value=case.kind, **{"return": Iterator[case.kind]}),
    }
    return type("Typed", (), methods)


@pytest.mark.long
def test_each_type_crosses_as_parameter_result_item_and_message_of_a_topic(face: ServiceFace) -> None:
    service = Service("matrix", types=TYPES)
    topics = {name: add_to(service, name, case, is_async=face.is_async) for name, case in named()}
    wrong = []
    with face.serve(service, ADDRESS), face.connect(ADDRESS, types=TYPES) as client:
        for name, case in named():
            came = list(what_comes(client, topics[name], name, case))
            if not all(case.is_same(value, case.value) for value in came):
                wrong.append((case.written, came))
    assert not wrong


def what_comes(client: ClientUnderTest, topic: Topic[Any], name: str, case: Case) -> Iterator[Any]:
    typed = client.typed(typed_as(case, name))
    yield getattr(typed, f"give_{name}")(case.value)
    yield from getattr(typed, f"items_{name}")(case.value)
    subscription = client.subscribe(topic.name, case.kind)
    topic.publish(case.value)
    yield subscription.receive(timeout=60)
    subscription.close()


@pytest.mark.parametrize("case", MATRIX, ids=[case.written for case in MATRIX])
@pytest.mark.parametrize("serializer", ["msgpack", "json"])
def test_each_type_crosses_as_a_message_in_both_forms(serializer: Any, case: Case) -> None:
    first, second = pair()
    with (
        MessageSocket(first, serializer=serializer, kind=case.kind, types=TYPES) as one,
        MessageSocket(second, serializer=serializer, kind=case.kind, types=TYPES) as other,
    ):
        if serializer == "json" and case.written in WITHOUT_JSON:
            with pytest.raises(UnsuitableMessage, match="JSON has no form"):
                one.send(case.value)
            return
        one.send(case.value)
        assert case.is_same(other.receive(timeout=60), case.value)


@pytest.mark.long
@pytest.mark.parametrize("serializer", ["msgpack", "json"])
def test_each_type_crosses_as_a_message_on_asyncio_too(serializer: Any) -> None:
    wrong = []
    with AioFace() as face:
        for case in MATRIX:
            options: Any = {"serializer": serializer, "kind": case.kind, "types": TYPES}
            with face.message_pair(options) as (one, other):
                if serializer == "json" and case.written in WITHOUT_JSON:
                    continue
                one.send(case.value, timeout=60)
                if not case.is_same(came := other.receive(timeout=60), case.value):
                    wrong.append((case.written, came))
    assert not wrong


@pytest.mark.long
def test_each_type_crosses_as_json_for_those_who_call_by_http_or_varlink_and_is_what_is_told_of_it() -> None:
    service = Service("matrix", types=TYPES)
    for name, case in named():
        add_to(service, name, case, is_async=False)
    document = json_schema_document(service.describe())
    jsonschema.Draft202012Validator.check_schema({"$defs": document["$defs"]})
    for name, case in named():
        method = service._table[f"give_{name}"]
        if case.written in WITHOUT_JSON:
            with pytest.raises(BadResult, match="JSON has no form"):
                method.result.write_json(case.value)
            continue
        body = method.result.write_json(case.value)
        arguments = CallBody("give", None, msgspec.Raw(b"\x90"), msgspec.Raw(b'{"value":%s}' % body))
        (arrived,), _ = method.parameters.read_json(arguments)
        assert case.is_same(arrived, case.value), f"{case.written}: {arrived!r} arrived"
        told = document["methods"][f"give_{name}"]
        for schema in (told["result"], told["parameters"]["properties"]["value"]):
            jsonschema.Draft202012Validator({**schema, "$defs": document["$defs"]}).validate(msgspec.json.decode(body))


@pytest.mark.long
def test_a_stub_of_a_service_knows_each_type(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service("matrix", types=TYPES)
    for name, case in named():
        add_to(service, name, case, is_async=False)
    described = service.describe()
    module = types.ModuleType("matrix_stub")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(stub_of(described), "matrix_stub.py", "exec"), vars(module))  # what is written is run
    hints = typing.get_type_hints(module.Matrix.give_n0)
    assert set(hints) == {"value", "return"}
    known = KnownTypes()
    for name, case in named():
        hint = typing.get_type_hints(getattr(module.Matrix, f"give_{name}"), vars(module))["return"]
        check_can_be_sent(hint, known, "the stub", name)
        assert (hint is Any) == (case.kind is Any), case.written


@pytest.mark.long
def test_a_type_that_is_any_keeps_what_the_page_says(face: ServiceFace) -> None:
    service = Service("any", types=TYPES)
    service.method(annotated(lambda value: show(value), **{"value": Any, "return": str}), name="show")
    if face.is_async:

        async def later(value: Any) -> str:
            return show(value)

        service = Service("any", types=TYPES)
        service.method(later, name="show")
    with face.serve(service, ADDRESS), face.connect(ADDRESS, types=TYPES) as client:
        seen = {case.written: client.call("show", case.value) for case in MATRIX}
    expected = {case.written: show_as(case) for case in MATRIX}
    assert seen == expected


def show(value: Any) -> str:
    """Return what a value is, as the page writes it."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "list of dict"
    return type(value).__name__


def show_as(case: Case) -> str:
    plain = {"its value": show(getattr(case.value, "value", None)), "the same": show(case.value)}
    plain["what `encode` gives"] = "int" if case.written == "a class with a `Codec`" else "str"
    plain["`dict` of what `encode` gives"] = "dict"
    return plain.get(case.at_any, case.at_any.replace("`", ""))


def test_the_page_lists_each_type() -> None:
    rows = [f"| {case.written} | {case.at_any} |" for case in MATRIX]
    text = PAGE.read_text(encoding="utf-8")
    before, begin, rest = text.partition("|---|---|\n")
    table, _, after = rest.partition("\n\n")
    wanted = "\n".join(rows)
    if os.environ.get("UPDATE_TYPES"):
        PAGE.write_text(f"{before}{begin}{wanted}\n\n{after}", encoding="utf-8")
        return
    assert table == wanted, f"UPDATE_TYPES=1 pytest {Path(__file__).name} writes the table of {PAGE.name} anew"
    assert len(rows) >= 60
