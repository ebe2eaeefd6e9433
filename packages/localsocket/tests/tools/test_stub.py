"""`localsocket stub`: the module that it writes says the same as the service, and is safe to import whoever that is."""

from __future__ import annotations

import ast
import asyncio
import builtins
import contextlib
import enum
import importlib.util
import os
import sys
import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from localsocket import Client, Fd, ServerThread, Service, aio
from localsocket.services.description import (
    ErrorDescription,
    FieldDescription,
    MethodDescription,
    ParameterDescription,
    ServiceDescription,
    TopicDescription,
    TypeDescription,
)
from localsocket.tools.stub import stub_of
from services.rich_service import make_service

Load = Callable[..., Any]


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    """Write the stub of a service, and import it."""
    loaded: list[str] = []

    def write(told: ServiceDescription, *, is_async: bool = False) -> Any:
        path = tmp_path / f"stub_{len(loaded)}_of_{tmp_path.name}.py"
        path.write_text(stub_of(told, is_async=is_async), encoding="utf-8")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        loaded.append(path.stem)
        spec.loader.exec_module(module)
        return module

    yield write
    for name in loaded:
        del sys.modules[name]


def served_again(stub: Any, protocol: str, told: ServiceDescription) -> ServiceDescription:
    """Return what a service tells that is made of the classes and the methods of a stub."""

    def error(name: str) -> Any:
        return getattr(stub, name, None) or getattr(builtins, name)

    service = Service(
        told.name, version=told.version, documentation=told.documentation, errors=list(map(error, told.raises))
    )
    for method in told.methods:
        *above, name = method.name.split(".")
        holder = getattr(stub, protocol)
        for part in above:
            holder = typing.get_type_hints(getattr(holder, part).fget)["return"]
        service.method(
            types.MethodType(getattr(holder, name), object()),
            name=method.name,
            idempotent=method.idempotent,
            read_only=method.read_only,
            raises=list(map(error, method.raises)),
        )
    for topic in told.topics:
        subscribe = getattr(stub, f"subscribe_{topic.name.replace('.', '_')}")
        (kind,) = typing.get_args(typing.get_type_hints(subscribe)["return"])
        service.topic(topic.name, kind, queue=topic.queue, policy=topic.policy, documentation=topic.documentation)
    return service.describe()


def without(told: ServiceDescription, method: str) -> ServiceDescription:
    return msgspec.structs.replace(told, methods=[each for each in told.methods if each.name != method])


# --- the same again ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_async", [False, True])
def test_a_service_made_of_a_stub_tells_the_same(load: Load, is_async: bool) -> None:
    told = without(make_service().describe(), "get-all")
    assert served_again(load(told, is_async=is_async), "DemoRich", told) == told


def test_what_cannot_be_an_attribute_is_left_out_and_said(load: Load) -> None:
    text = stub_of(make_service().describe())
    assert """# No attribute can be called 'get-all': client.call('get-all', ...)\n""" in text
    service = Service("demo")
    for name in ("class", "deep", "deep.sea", "_hidden", "fine"):
        service.method(lambda: None, name=name)
    stub = load(service.describe())
    assert [name for name in vars(stub.Demo) if not name.startswith("_")] == ["deep", "fine"]


Hiding = msgspec.defstruct(
    "Item",
    [
        ("int", int),
        ("list", list[int] | None, None),
        ("Item", float, 0.5),
        ("field", str, "x"),
        ("dataclass", set[str], msgspec.field(default_factory=set)),
    ],
)


def test_names_that_hide_others_hide_nothing(load: Load) -> None:
    def items(items: list[Hiding] | None = None) -> list[Hiding]: ...  # type: ignore[empty-body,valid-type]
    def item(a: Hiding | None = None, *, b: int = 3) -> Hiding: ...  # type: ignore[empty-body,valid-type]
    def protocol(a: set[str]) -> Iterator[int]: ...  # type: ignore[empty-body]
    def anything(a: Any) -> Any: ...

    service = Service("demo")
    for name, function in {"list": items, "Item": item, "Protocol": protocol, "Any": anything}.items():
        service.method(function, name=name)
    told = service.describe()
    assert served_again(load(told), "Demo", told) == told


class Demo(msgspec.Struct):
    protocol: str


class Many(msgspec.Struct, tag_field="class", tag=5, array_like=True):
    when: int
    name: str = "x"


def test_odd_types_come_back_the_same(load: Load) -> None:
    fields = [
        ("class", int),
        ("mangled", str, msgspec.field(name="__mangled", default="x")),
        ("plain", dict[str, int], msgspec.field(default_factory=dict)),
    ]
    odd = msgspec.defstruct("Odd", fields)
    names = typing.TypedDict("Names", {"a-b": int, "class": typing.NotRequired[str]})  # type: ignore[misc]
    values = [
        Demo | None,
        Many | None,
        odd,
        names,
        enum.Enum("Words", {"two words": "a", "mro_": "b"}),
        msgspec.defstruct("Late", [("a", int, 1), ("b", str)], kw_only=True),
        msgspec.defstruct("Empty", []),
    ]
    service = Service("demo")
    for number, value in enumerate(values):

        def f(value: Any) -> None: ...

        f.__annotations__ = {"value": value, "return": None}
        service.method(f, name=f"f{number}")
    told = service.describe()
    assert served_again(load(told), "DemoService", told) == told


def test_a_default_that_is_not_known_is_left_to_the_service(load: Load) -> None:
    made = msgspec.defstruct("Made", [("a", int), ("b", float, msgspec.field(default_factory=lambda: 0.5))])

    def f(value: made, other: str = object()) -> float:  # type: ignore[valid-type,assignment]
        return value.b  # type: ignore[no-any-return,attr-defined]

    f.__annotations__ = {"value": made, "other": str, "return": float}
    service = Service("demo")
    service.method(f)
    told = service.describe()
    stub = load(told)
    assert served_again(stub, "Demo", told) == told
    with ServerThread("demo", service), Client("demo") as client:
        assert client.typed(stub.Demo).f(stub.Made(1)) == 0.5


# --- in use -----------------------------------------------------------------------------------------------------------


@dataclass
class Drink:
    name: str
    age: int = 1


class SoldOut(Exception):
    drink: Drink


def bar() -> Service:
    service = Service("demo.bar", errors=[SoldOut])

    @service.method(name="till.pay")
    def pay(drink: Drink, *, timeout: float = 0) -> Drink:
        if drink.name == "cocoa":
            error = SoldOut("no cocoa")
            error.drink = drink
            raise error
        return drink

    @service.method(name="till.ledger.entries")
    def entries() -> Iterator[Drink]:
        yield Drink("tea")

    service.topic("news", Drink)
    return service


def test_a_client_calls_by_a_stub(load: Load) -> None:
    service = bar()
    stub = load(service.describe())
    with ServerThread("demo.bar", service), Client("demo.bar", errors=stub.ERRORS) as client:
        till = client.typed(stub.DemoBar).till
        assert till.pay(stub.Drink("tea")) == stub.Drink("tea")
        assert list(till.ledger.entries()) == [stub.Drink("tea")]
        with pytest.raises(stub.SoldOut) as caught:
            till.pay(stub.Drink("cocoa"))
        assert caught.value.drink == {"name": "cocoa", "age": 1}
        with pytest.raises(AttributeError, match="DemoBarTill has no method 'steal'"):
            till.steal()
        with stub.subscribe_news(client) as news:
            service._topics["news"].publish(Drink("milk"))
            assert news.receive(timeout=60) == stub.Drink("milk")


def test_an_asyncio_client_calls_by_a_stub(load: Load) -> None:
    service = bar()
    stub = load(service.describe(), is_async=True)

    async def main() -> None:
        async with aio.serve("demo.bar", service), aio.Client("demo.bar", errors=stub.ERRORS) as client:
            till = client.typed(stub.DemoBar).till
            assert await till.pay(stub.Drink("tea")) == stub.Drink("tea")
            assert [each async for each in till.ledger.entries()] == [stub.Drink("tea")]
            async with stub.subscribe_news(client) as news:
                service._topics["news"].publish(Drink("milk"))
                assert await news.receive() == stub.Drink("milk")

    asyncio.run(main())


# --- hostile services -------------------------------------------------------------------------------------------------

LIES = [
    "x\nboom()\n",
    "boom()",
    "list[boom]",
    '__import__("builtins").boom()',
    '"""\nboom()\n"""',
    "'''\nboom()\n'''",
    '\\"""\nboom()\n#',
    "ends with a backslash \\",
    "Annotated[int, boom()]",
    "Annotated[int, Meta(**boom())]",
    "list[boom()]",
    "Literal[boom()]",
    "(lambda: boom())()",
    "[boom() for _ in (1,)]",
    'f"{boom()}"',
    "{1: boom()}",
    "set(boom())",
    "Lie(boom())",
    "Lie.boom()",
    "timezone.utc.boom()",
    "int.__subclasses__()",
    "[" * 3000,
    "-" * 3000 + "1",
    "\0\x1b\u202e\udc00",
]


def lying(lie: str, name: str) -> ServiceDescription:
    fields = [
        FieldDescription(name, lie, lie),
        FieldDescription("given", "Lie", lie),
        FieldDescription("any", "Any", lie),
    ]
    parameters = [ParameterDescription(name, lie, lie), ParameterDescription("lie", "Any", lie, "keyword-only")]
    return ServiceDescription(
        lie,
        lie,
        lie,
        [
            MethodDescription(name, "call", lie, parameters, lie, lie, True, [lie]),
            MethodDescription(lie, "stream", lie, [], lie),
        ],
        [TopicDescription(lie, lie, 5, lie, lie), TopicDescription("topic", lie, 5, lie, lie)],
        raises=[lie],
        errors=[ErrorDescription("Gone", lie, lie, fields), ErrorDescription(lie, "Exception")],
        types=[
            TypeDescription("Lie", "object", {}, lie, fields, tag_field=lie, tag=lie),
            TypeDescription("Plain", "object", {}, lie, [*fields[1:], FieldDescription(lie, lie, lie)]),
            TypeDescription("Dict", "typed_dict", {}, lie, fields),
            TypeDescription("Tuple", "named_tuple", {}, lie, fields),
            TypeDescription("Kind", "enum", {}, lie, members={"A": lie}, base=lie),
            TypeDescription("Kinds", "enum", {}, lie, members={lie: 1}, base="IntEnum"),
            TypeDescription(lie, "object", {}, lie, fields),
        ],
    )


@pytest.mark.parametrize("lie", LIES, ids=range(len(LIES)))
def test_nothing_that_a_service_says_is_run(lie: str, monkeypatch: pytest.MonkeyPatch, load: Load) -> None:
    booms: list[object] = []
    monkeypatch.setattr(builtins, "boom", lambda *_: booms.append(1), raising=False)
    for told in (lying(lie, "name"), lying(lie, lie)):
        for is_async in (False, True):
            tree = ast.parse(stub_of(told, is_async=is_async))
            called = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            assert "boom" not in called
            assert not {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & {"boom"}
        with contextlib.suppress(TypeError, ValueError):  # a class that cannot be made
            load(told)
    assert not booms


def test_descriptors_are_of_the_package_in_a_stub(load: Load, tmp_path: Path) -> None:
    service = Service("demo")

    @service.method
    def open_file(name: str) -> Fd:
        return Fd(os.open(tmp_path / name, os.O_RDONLY))

    @service.method
    def read(file: Fd, errors: Fd | None = None) -> bytes:
        return os.pread(file.fileno(), 100, 0)

    (tmp_path / "x").write_text("text")
    told = service.describe()
    stub = load(told)
    assert served_again(stub, "Demo", told) == told
    with ServerThread("demo", service), Client("demo") as client:
        typed = client.typed(stub.Demo)
        with typed.open_file("x") as file:
            assert typed.read(file) == b"text"
