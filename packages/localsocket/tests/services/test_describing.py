"""What a service tells of itself: JSON Schemas of everything, and types and values as Python writes them."""

from __future__ import annotations

import datetime
import decimal
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event
from typing import Annotated, Any, ClassVar, NewType

import jsonschema
import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

import localsocket.services.service as service_module
from localsocket import Client, ServerThread, Service
from localsocket.services.description import FieldDescription, ServiceDescription, TypeDescription
from localsocket.services.json_schema_document import json_schema_document
from localsocket.services.openapi import openapi_document
from services.rich_service import (
    Box,
    Colour,
    Item,
    Kebab,
    Level,
    Options,
    Pay,
    Place,
    Point,
    Return,
    Sample,
    make_service,
)

UserId = NewType("UserId", int)


def with_annotations(parameter: Any, returns: Any = None, default: Any = ...) -> Any:
    def f(value: Any) -> Any:
        return value

    f.__annotations__ = {"value": parameter, "return": returns}
    if default is not ...:
        f.__defaults__ = (default,)
    return f


def described(parameter: Any, **options: Any) -> ServiceDescription:
    service = Service("demo")
    service.method(with_annotations(parameter, **options))
    return service.describe()


@pytest.fixture(scope="module")
def rich() -> ServiceDescription:
    return make_service().describe()


def methods_of(service: ServiceDescription) -> dict[str, Any]:
    return {method.name: method for method in service.methods}


def types_of(service: ServiceDescription) -> dict[str, TypeDescription]:
    return {each.name: each for each in service.types}


# --- methods, topics, errors ------------------------------------------------------------------------------------------


def test_each_parameter_has_its_type_its_default_its_kind_and_its_schema(rich: ServiceDescription) -> None:
    buy = methods_of(rich)["buy"]
    assert buy.signature == (
        "buy(item: Item, count: Annotated[int, Meta(ge=1)] = 1, /, where: Place | None = None, *, "
        "colour: Colour = Colour.BLUE, within: timedelta = timedelta(days=2), then: Pay | Return | None = None) "
        "-> dict[str, Decimal]"
    )
    assert [(each.kind, each.schema) for each in buy.parameters][:4] == [
        ("positional-only", {"$ref": "#/$defs/Item"}),
        ("positional-only", {"type": "integer", "minimum": 1, "default": 1}),
        ("positional-or-keyword", {"anyOf": [{"$ref": "#/$defs/Place"}, {"type": "null"}], "default": None}),
        ("keyword-only", {"$ref": "#/$defs/Colour", "default": "blue"}),
    ]
    assert buy.schema == {"type": "object", "additionalProperties": {"type": "string", "format": "decimal"}}


def test_what_a_method_does_is_told(rich: ServiceDescription) -> None:
    told = {method.name: (method.kind, method.read_only, method.idempotent) for method in rich.methods}
    assert told == {
        "buy": ("call", False, False),
        "find": ("call", True, True),  # what changes nothing may be called again
        "list": ("stream", False, True),
        "deep.sea.measure": ("call", False, False),
        "deep.look": ("call", False, False),
        "get-all": ("call", False, False),
    }
    assert methods_of(rich)["list"].schema == {"type": "array", "items": {"$ref": "#/$defs/Item"}}


def test_a_topic_has_the_schema_of_its_messages(rich: ServiceDescription) -> None:
    assert [(topic.name, topic.type, topic.schema) for topic in rich.topics] == [
        ("prices", "dict[str, float]", {"type": "object", "additionalProperties": {"type": "number"}}),
        ("sold.out", "Item", {"$ref": "#/$defs/Item"}),
    ]


def test_errors_are_told_with_what_crosses_of_them(rich: ServiceDescription) -> None:
    assert rich.raises == ["Closed"]
    assert methods_of(rich)["buy"].raises == ["OutOfStock", "ValueError"]
    closed, out_of_stock, value_error = rich.errors
    assert (closed.name, closed.base) == ("Closed", "LookupError")
    assert closed.attributes == [FieldDescription("until", "date", schema={"type": "string", "format": "date"})]
    assert (out_of_stock.base, out_of_stock.documentation) == ("Exception", "There are too few.")
    assert out_of_stock.schema["properties"] == {"item": {"$ref": "#/$defs/Item"}, "left": {"type": "integer"}}
    assert (value_error.base, value_error.documentation, value_error.attributes) == ("ValueError", "", [])


def test_only_what_an_error_keeps_is_told_of_it() -> None:
    class Odd(Exception):
        limit: ClassVar[int] = 3
        where: Event

        def __init__(self, kept: int, lost: str, unsaid) -> None:  # type: ignore[no-untyped-def]
            super().__init__(lost)
            self.kept = kept
            self.unsaid = unsaid
            self._timeout = self.made = len(lost)
            self.reason: str = lost

    Odd.__annotations__, Odd.__init__.__annotations__ = {"limit": ClassVar[int], "where": Event}, {"kept": int}
    service = Service("demo", errors=[Odd])
    (odd,) = service.describe().errors
    assert [(each.name, each.type, each.schema) for each in odd.attributes] == [
        ("kept", "int", {"type": "integer"}),
        ("unsaid", "Any", {}),
        ("made", "Any", {}),
        ("reason", "Any", {}),
        ("where", "Any", {}),  # which MessagePack has no form for
    ]


def test_an_error_has_what_the_initializers_of_its_bases_set_as_far_as_they_are_called() -> None:
    class Base(Exception):
        def __init__(self, what: str) -> None:
            super().__init__(what)
            self.what = what

    class Calling(Base):
        def __init__(self, count: int) -> None:
            super().__init__(f"{count} things")
            self.count = count

    class Silent(Base):
        def __init__(self, count: int) -> None:
            self.count = count

    class Inheriting(Base):
        pass

    service = Service("demo", errors=[Calling, Silent, Inheriting])
    for initializer, types in ((Base.__init__, {"what": str}), (Calling.__init__, {"count": int})):
        initializer.__annotations__ = types  # which cannot be resolved as strings, of classes in a function
    told = {error.name: {each.name: each.type for each in error.attributes} for error in service.describe().errors}
    assert told == {
        "Calling": {"count": "int", "what": "str"},
        "Silent": {"count": "int"},
        "Inheriting": {"what": "str"},
    }
    assert vars(Calling(3)).keys() == told["Calling"].keys()


# --- named types ------------------------------------------------------------------------------------------------------


def test_named_types_are_told_in_pythons_words(rich: ServiceDescription) -> None:
    types = types_of(rich)
    assert {name: (each.kind, [field.name for field in each.fields]) for name, each in types.items()} == {
        "Item": ("object", ["name", "price", "tags", "parts", "colour", "made"]),
        "Colour": ("enum", []),
        "Place": ("object", ["street", "at"]),
        "Point": ("named_tuple", ["x", "y"]),
        "Pay": ("object", ["cents"]),
        "Return": ("object", ["why"]),
        "Level": ("enum", []),
        "Options": ("typed_dict", ["colour", "depth"]),
        "Box_int": ("object", ["content", "is_open"]),
        "Sample": ("array", ["at", "value"]),
        "Kebab": ("object", ["how-many", "from-where"]),
        "Box_list_UUID": ("object", ["content", "is_open"]),
    }
    assert [(each.type, each.default) for each in types["Item"].fields] == [
        ("str", None),
        ("Annotated[float, Meta(ge=0, description='in euros')]", None),
        ("list[str]", "[]"),
        ("list[Item]", "[]"),
        ("Colour", "Colour.RED"),
        ("datetime", "..."),
    ]
    assert (types["Level"].base, types["Level"].members) == ("IntEnum", {"LOW": 1, "HIGH": 2})
    assert (types["Return"].tag_field, types["Return"].tag, types["Return"].closed) == ("type", "back", True)
    assert {name for name, each in types.items() if each.hashable} == {"Place", "Sample"}


def test_each_field_has_its_schema(rich: ServiceDescription) -> None:
    types = types_of(rich)
    for name in ("Item", "Pay", "Kebab", "Options"):
        assert {each.name: each.schema for each in types[name].fields}.items() <= types[name].schema[
            "properties"
        ].items()
    assert [each.schema for each in types["Sample"].fields] == types["Sample"].schema["prefixItems"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Item, Item("tea", 2.5, parts=[Item("bag", 0)])),
        (Place, Place("x", Point(1, 2))),
        (Options, {"colour": Colour.RED}),
        (Pay | Return, Return("old")),
        (Box[int], Box(3)),
        (tuple[Sample, Level], (Sample(datetime.time(1)), Level.HIGH)),
        (Kebab, Kebab(how_many=3)),
        (dict[int, bytes], {1: b"\0"}),
        (decimal.Decimal, decimal.Decimal("0.1")),
        (set[uuid.UUID], {uuid.UUID(int=1)}),
        (Any, [1, None]),
        (object, {"a": 1}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_sent_fits_the_schema_that_is_told(kind: Any, value: object) -> None:
    service = described(kind)
    schema = {**service.methods[0].parameters[0].schema, "$defs": {each.name: each.schema for each in service.types}}
    jsonschema.validate(json.loads(msgspec.json.encode(value)), schema, jsonschema.Draft202012Validator)
    if kind not in (Any, object):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate([[]], schema, jsonschema.Draft202012Validator)


def test_two_classes_that_are_called_the_same_are_told_apart() -> None:
    first, second = (msgspec.defstruct("Same", [(name, int)], module=f"shop.{name}") for name in ("one", "two"))
    service = described(first, returns=list[second])  # type: ignore[valid-type]
    assert [(each.name, each.fields[0].name) for each in service.types] == [("Same", "one"), ("two_Same", "two")]
    assert service.methods[0].signature == "f(value: Same) -> list[two_Same]"
    assert service.methods[0].parameters[0].schema == {"$ref": "#/$defs/Same"}
    assert service.methods[0].schema == {"type": "array", "items": {"$ref": "#/$defs/two_Same"}}
    assert [each.schema["title"] for each in service.types] == ["Same", "two_Same"]


@pytest.mark.parametrize("name", ["int", "Any", "datetime", "class", "two words", "2nd", "-"])
def test_a_class_with_a_name_that_means_something_else_gets_another(name: str) -> None:
    kind = msgspec.defstruct(name, [("default", int)], module="shop.things")
    service = described(list[kind])  # type: ignore[valid-type]
    (told,) = service.types
    assert told.name.isidentifier()
    assert told.name != name
    assert service.methods[0].parameters[0].type == f"list[{told.name}]"
    assert service.methods[0].parameters[0].schema["items"] == {"$ref": f"#/$defs/{told.name}"}


def test_an_error_keeps_its_name_and_a_type_that_is_called_the_same_gets_another() -> None:
    service = Service("demo", errors=[type("Item", (Exception,), {})])
    service.method(with_annotations(Item))
    told = service.describe()
    assert told.errors[0].name == "Item"
    assert told.methods[0].parameters[0].type == "rich_service_Item"
    assert set(json_schema_document(told)["$defs"]) == {"Item", "rich_service_Item", "Colour"}


def test_names_that_look_like_keywords_of_json_schema_are_names() -> None:
    kind = msgspec.defstruct("Keys", [("enum", Item), ("default", Item), ("properties", Item)])
    service = described(kind)
    document = openapi_document(service)
    assert set(references(document)) <= set(pointers(document))
    properties = document["components"]["schemas"]["Keys"]["properties"]
    assert properties["enum"] == properties["properties"] == {"$ref": "#/components/schemas/Item"}


# --- what cannot be told ----------------------------------------------------------------------------------------------


@dataclass
class Holder:
    what: msgspec.msgpack.Ext
    name: str = ""


def test_what_has_no_json_schema_says_so_and_takes_anything() -> None:
    service = described(list[msgspec.msgpack.Ext], returns=dict[str, Holder])
    method = service.methods[0]
    assert method.parameters[0].schema == {"description": "list[Ext], for which there is no JSON Schema"}
    assert method.schema == {"description": "dict[str, Holder], for which there is no JSON Schema"}
    (holder,) = service.types
    assert [(each.name, each.type, each.schema) for each in holder.fields] == [("what", "Ext", {}), ("name", "str", {})]
    with_another = described(Holder | None, returns=Item)
    assert with_another.methods[0].schema == {"$ref": "#/$defs/Item"}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (None, "None"),
        (UserId, "int"),
        (list, "list[Any]"),
        (dict, "dict[Any, Any]"),
        (tuple, "tuple[Any, ...]"),
        (tuple[()], "tuple[()]"),
        (frozenset[int | None], "frozenset[int | None]"),
        (bytearray, "bytearray"),
        (
            Annotated[str, msgspec.Meta(pattern="^a'", max_length=3)],
            """Annotated[str, Meta(pattern="^a'", max_length=3)]""",
        ),
        (
            Annotated[list[int], msgspec.Meta(extra_json_schema={"x": 1})],
            "Annotated[list[int], Meta(extra_json_schema={'x': 1})]",
        ),
        (Annotated[datetime.datetime, msgspec.Meta(tz=True)], "Annotated[datetime, Meta(tz=True)]"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_type_reads_as_python_writes_it(kind: Any, text: str) -> None:
    assert described(kind).methods[0].parameters[0].type == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (-1, "-1"),
        ("a'b", '"a\'b"'),
        (b"\0", r"b'\x00'"),
        (float("-inf"), "float('-inf')"),
        ([1, (2,), {3: {4}}, set(), frozenset(), ()], "[1, (2,), {3: {4}}, set(), frozenset(), ()]"),
        (Colour.RED, "Colour.RED"),
        (Place("x", Point(1, 2)), "Place(street='x', at=Point(x=1, y=2))"),
        (datetime.datetime(2024, 2, 29, tzinfo=datetime.UTC), "datetime(2024, 2, 29, 0, 0, tzinfo=timezone.utc)"),
        (decimal.Decimal("0.10"), "Decimal('0.10')"),
        (object(), "..."),
        ([object()], "..."),
        (Box(1), "..."),  # of which nothing is told
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_default_reads_as_python_writes_it(value: object, text: str) -> None:
    service = described(Colour | Place | None, returns=Any, default=value)
    assert service.methods[0].parameters[0].default == text


@pytest.mark.parametrize(
    ("value", "schema"),
    [(b"\0\xff", {"default": "AP8="}), (float("inf"), {}), (None, {"default": None}), (object(), {}), (2**70, {})],
    ids=lambda value: type(value).__name__,
)
def test_a_default_that_json_has_no_form_for_is_left_out(value: object, schema: dict[str, Any]) -> None:
    assert described(Any, default=value).methods[0].parameters[0].schema == schema


def test_what_cannot_travel_does_not_keep_the_rest_from_being_told() -> None:
    kind = msgspec.defstruct("Large", [("name", str), ("number", int, 2**70)])
    service = Service("demo")
    service.method(with_annotations(kind, default=2**70))
    with ServerThread("demo", service), Client("demo") as client:
        told = client.describe()
    assert told.types[0].fields[1].default == told.methods[0].parameters[0].default == str(2**70)
    assert told.types[0].schema["properties"] == {"name": {"type": "string"}, "number": {"type": "integer"}}


def test_each_field_has_its_default_in_the_schema() -> None:
    factories = [(kind.__name__, kind, msgspec.field(default_factory=kind)) for kind in (list, dict, set, tuple)]
    own = ("own", list, msgspec.field(default_factory=lambda: [1]))
    kind = msgspec.defstruct(
        "Kind", [*factories, own, ("infinite", float, float("inf")), ("colour", Colour, Colour.RED)]
    )
    properties = described(kind).types[0].schema["properties"]
    assert {name: schema.get("default", "none") for name, schema in properties.items()} == {
        "list": [],
        "dict": {},
        "set": [],
        "tuple": [],
        "own": "none",
        "infinite": "none",
        "colour": "red",
    }


# --- documents --------------------------------------------------------------------------------------------------------


def pointers(document: Any, here: str = "#") -> Iterator[str]:
    yield here
    parts = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for name, part in parts:
        yield from pointers(part, f"{here}/{name}")


def references(document: Any) -> Iterator[str]:
    parts = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    if isinstance(document, dict) and isinstance(document.get("$ref"), str):
        yield document["$ref"]
    for part in parts:
        yield from references(part)


def test_the_json_schema_document_holds_together(rich: ServiceDescription) -> None:
    document = json.loads(msgspec.json.encode(json_schema_document(rich)))
    assert set(references(document)) <= set(pointers(document))
    jsonschema.Draft202012Validator.check_schema(document)
    assert document["methods"]["buy"]["parameters"]["required"] == ["item"]
    assert [each["$ref"] for each in document["methods"]["buy"]["errors"]] == [
        "#/$defs/OutOfStock",
        "#/$defs/ValueError",
        "#/$defs/Closed",
    ]
    assert "items" in document["methods"]["list"]
    assert document["topics"]["sold.out"]["messages"] == {"$ref": "#/$defs/Item"}


@pytest.mark.long
def test_the_openapi_document_is_one(rich: ServiceDescription) -> None:
    document = json.loads(msgspec.json.encode(openapi_document(rich)))
    OpenAPIV31SpecValidator(document).validate()
    assert set(references(document)) <= set(pointers(document))
    assert set(document["paths"]) == {
        *(f"/{method.name}" for method in rich.methods),
        "/topics/prices",
        "/topics/sold.out",
    }
    buy, look = document["paths"]["/buy"]["post"], document["paths"]["/deep.look"]["post"]
    assert (buy["requestBody"]["required"], look["requestBody"]["required"]) == (True, False)
    assert set(buy["responses"]) == {"200", "403", "409", "422", "503", "504", "default"}
    assert set(document["paths"]["/list"]["post"]["responses"]["200"]["content"]) == {
        "application/x-ndjson",
        "text/event-stream",
    }


def test_a_service_that_says_nothing_has_its_documents_too() -> None:
    bare = Service("demo").describe()
    OpenAPIV31SpecValidator(openapi_document(bare)).validate()
    assert json_schema_document(bare)["$defs"] == {}


# --- when it is made --------------------------------------------------------------------------------------------------


def test_a_description_is_made_when_it_is_asked_for_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    def describe_service(*arguments: Any) -> ServiceDescription:
        made.append(arguments)
        return real(*arguments)

    real = service_module.describe_service
    monkeypatch.setattr(service_module, "describe_service", describe_service)
    service = make_service()
    with ServerThread("demo.rich", service), Client("demo.rich") as client:
        assert not made  # by connecting
        assert client.describe() == service.describe()
        with Client("demo.rich") as another:
            another.describe()
    assert len(made) == 1
