"""Annotations are the schema: what fits is read as its type, and what does not is refused with the path to it."""

from __future__ import annotations

import datetime
import decimal
import enum
import functools
import inspect
import math
import uuid
from collections import deque
from collections.abc import AsyncIterator, Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Annotated, Any, NamedTuple, TypedDict

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from localsocket import Codec, Service
from localsocket.errors import BadArguments, BadResult, UnsuitableHandler, UnsuitableMethod, UnsuitableType
from localsocket.services.method import Method
from localsocket.services.schema import Result
from localsocket.wire.call_bodies import Failure, decode_call, encode_call
from localsocket.wire.http_problems import problem_of


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Point(NamedTuple):
    x: float
    y: float


class Options(TypedDict, total=False):
    colour: Colour


@dataclass
class Line:
    start: Point
    end: Point
    label: str = ""


class Drawing(msgspec.Struct):
    lines: list[Line]
    made: datetime.datetime
    tags: set[int] = set()


class Percentage(msgspec.Struct):
    value: Annotated[int, msgspec.Meta(ge=0, le=100)]


NOW = datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.UTC)
DRAWING = Drawing([Line(Point(0, 0.5), Point(1, 1), "edge")], NOW, {1, 2})

VALUES = [
    (bool, True),
    (int, 2**63),
    (int, -(2**63)),
    (float, 0.1),
    (str, "Straße\0"),
    (bytes, b"\0\xff"),
    (None, None),
    (list[int], [1, 2]),
    (tuple[int, str], (1, "a")),
    (dict[str, list[float]], {"a": [1.5]}),
    (dict[int, str], {1: "a"}),
    (set[int], {1, 2}),
    (frozenset[str], frozenset({"a"})),
    (int | None, None),
    (int | str, "a"),
    (Colour, Colour.BLUE),
    (list[Level], [Level.HIGH]),
    (datetime.datetime, NOW),
    (datetime.datetime, datetime.datetime(2024, 1, 1, 12)),
    (datetime.date, NOW.date()),
    (datetime.timedelta, datetime.timedelta(days=1, microseconds=1)),
    (uuid.UUID, uuid.UUID(int=1)),
    (decimal.Decimal, decimal.Decimal("0.10")),
    (Point, Point(1, 2.5)),
    (Options, {"colour": Colour.RED}),
    (Line, Line(Point(0, 0), Point(1, 1))),
    (Drawing, DRAWING),
    (dict[str, Drawing], {"a": DRAWING}),
    (Any, {"a": [1, None]}),
    (object, {"a": [1, None]}),
]


def method(function: Any, **options: Any) -> Method:
    return Method("f", function, **options)


def read(function: Any, *arguments: object, **named: object) -> tuple[tuple[object, ...], dict[str, object]]:
    """Return the arguments as they come out on the other side."""
    return method(function).parameters.read(decode_call(encode_call("f", None, arguments, named)))


def called(function: Any, *arguments: object, **named: object) -> Any:
    given_arguments, given_named = read(function, *arguments, **named)
    return function(*given_arguments, **given_named)


def with_annotations(parameter: Any, returns: Any) -> Any:
    def f(value: Any) -> Any:
        return value

    f.__annotations__ = {"value": parameter, "return": returns}
    return f


# --- values -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "value"), VALUES, ids=repr)
def test_a_value_of_each_type_arrives_as_it_was(kind: Any, value: object) -> None:
    function = with_annotations(kind, kind)
    for arguments, named in (((value,), {}), ((), {"value": value})):
        result = called(function, *arguments, **named)
        assert result == value
        assert type(result) is type(value)
    received = Result("f", kind).read(method(function).result.write(value))
    assert received == value
    assert type(received) is type(value)


@pytest.mark.parametrize(
    ("kind", "value", "path"),
    [
        (int, "1", ""),
        (int, True, ""),
        (int, 1.5, ""),
        (bool, 1, ""),
        (str, b"text", ""),
        (bytes, [1], ""),
        (list[int], [1, "2"], "[1]"),
        (tuple[int, str], (1,), ""),
        (dict[str, list[float]], {"a": [1.5, "b"]}, "[...][1]"),
        (set[int], ["a"], "[0]"),
        (int | None, "a", ""),
        (Colour, "green", ""),
        (list[Level], [1, 3], "[1]"),
        (datetime.datetime, "yesterday", ""),
        (uuid.UUID, "1", ""),
        (Point, (1,), ""),
        (Options, {"colour": "green"}, ".colour"),
        (Line, {"start": [0, 0]}, ""),
        (Line, {"start": [0, "a"], "end": [0, 0]}, ".start[1]"),
        (Drawing, {"lines": [{"start": [0, 0], "end": [0, 0], "label": 7}], "made": NOW}, ".lines[0].label"),
        (Percentage, {"value": 101}, ".value"),
    ],
    ids=repr,
)
def test_a_value_that_does_not_fit_is_refused_with_the_path_to_it(kind: Any, value: object, path: str) -> None:
    function = with_annotations(kind, kind)
    for arguments, named in (((value,), {}), ((), {"value": value})):
        with pytest.raises(BadArguments) as caught:
            read(function, *arguments, **named)
        assert caught.value.path == "value" + path
        assert caught.value.reason
        assert f"value{path}: " in str(caught.value)


def test_a_whole_number_is_a_float_and_comes_as_one() -> None:
    assert type(called(with_annotations(float, float), 1)) is float
    assert type(called(with_annotations(float, float), value=1)) is float


@pytest.mark.long
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**64 - 1)
        | st.floats(allow_nan=False)
        | st.text()
        | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_whatever_has_no_annotation_arrives_as_it_was(value: object) -> None:
    assert called(lambda value: value, value) == value
    assert called(lambda value: value, value=value) == value


# --- parameters ---------------------------------------------------------------------------------------------------


def mixed(first: int, /, second: int = 2, *, third: int = 3) -> tuple[int, int, int]:
    return first, second, third


@pytest.mark.parametrize(
    ("arguments", "named", "result"),
    [
        ((1,), {}, (1, 2, 3)),
        ((1, 5), {}, (1, 5, 3)),
        ((1,), {"second": 5}, (1, 5, 3)),
        ((1,), {"third": 5}, (1, 2, 5)),
        ((1, 4), {"third": 5}, (1, 4, 5)),
    ],
)
def test_parameters_mean_what_they_mean_in_python(
    arguments: tuple[object, ...], named: dict[str, object], result: tuple[int, ...]
) -> None:
    assert called(mixed, *arguments, **named) == result


@pytest.mark.parametrize(
    ("arguments", "named", "parameter"),
    [
        ((), {}, "first"),
        ((), {"first": 1}, "first"),
        ((1, 2, 3), {}, ""),
        ((1, 2), {"second": 2}, "second"),
        ((1,), {"fourth": 2}, "fourth"),
        ((1, None), {}, "second: "),
    ],
)
def test_arguments_that_do_not_match_the_parameters_are_refused(
    arguments: tuple[object, ...], named: dict[str, object], parameter: str
) -> None:
    with pytest.raises(BadArguments) as caught:
        read(mixed, *arguments, **named)
    assert caught.value.reason
    assert parameter in str(caught.value)


def test_a_default_is_the_functions_own() -> None:
    shared: list[int] = []

    def append(value: int, to: list[int] = shared) -> None:
        to.append(value)

    called(append, 1)
    assert shared == [1]


def test_arguments_nested_without_end_are_refused() -> None:
    nested = b"\x91" * 100_000 + b"\xc0"
    body = decode_call(encode_call("f", None, ()))
    body.arguments = msgspec.Raw(b"\x91" + nested)
    for kind in (Any, list[int]):
        with pytest.raises(BadArguments):
            method(with_annotations(kind, None)).parameters.read(body)


@pytest.mark.parametrize(
    ("arguments", "named", "path"),
    [(b"\x92\x01\x81\x80\xc0", b"\x80", "second"), (b"\x91\x01", b"\x81\xa5third\x81\x80\xc0", "third")],
)
def test_to_tell_what_does_not_fit_nothing_is_decoded_without_its_type(
    arguments: bytes, named: bytes, path: str
) -> None:
    """A dict in a dict's key can only be decoded where no type says that there may be none."""
    body = decode_call(encode_call("f", None, ()))
    body.arguments, body.named = msgspec.Raw(arguments), msgspec.Raw(named)
    with pytest.raises(BadArguments) as caught:
        method(mixed).parameters.read(body)
    assert caught.value.path == path
    assert "int" in caught.value.reason


def test_bytes_may_come_as_base64_from_programs_that_have_json() -> None:
    def join(data: bytes, more: list[bytes], at: datetime.date) -> object: ...

    assert read(join, "aGk=", ["aG8="], "2024-02-29") == ((b"hi", [b"ho"], datetime.date(2024, 2, 29)), {})
    with pytest.raises(BadArguments) as caught:
        read(join, "aGk=", ["aG8=", 5], "2024-02-29")
    assert caught.value.path == "more[1]"


def test_a_misspelt_parameter_is_told_with_what_it_may_have_meant() -> None:
    with pytest.raises(BadArguments, match=r"got an unexpected keyword argument 'secnd'; did you mean 'second'\?"):
        read(mixed, 1, secnd=2)


# --- results ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value", "path"),
    [
        (int, "1", "the result"),
        (None, 1, "the result"),
        (list[int], [1, "2"], "the result[1]"),
        (Line, {"start": [0, 0], "end": [0, "a"]}, "the result.end[1]"),
        (Percentage, Percentage(101), "the result.value"),
        pytest.param(int, object(), "the result", id="what nobody can send"),
        (Any, 2**64, "the result"),
    ],
    ids=repr,
)
def test_a_result_that_is_not_what_was_said_is_never_sent(kind: Any, value: object, path: str) -> None:
    with pytest.raises(BadResult) as caught:
        method(with_annotations(Any, kind)).result.write(value)
    assert caught.value.path == path


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_has_not_is_never_sent_as_null(number: float) -> None:
    for kind, value in (
        (float, number),
        (float | None, number),
        (dict[int, list[float | None]], {7: [None, number]}),
        (Any, {"x": number}),
    ):
        result = Result("gives", kind)
        assert result.read(result.write(value)) is not None
        with pytest.raises(BadResult):
            result.write_json(value)
    assert Result("gives", list[float | None]).write_json([None, 1.5]) == b"[null,1.5]"
    problem = problem_of(Failure("raised", "it failed", {"attributes": {"at": number}}))
    assert msgspec.json.decode(problem)["parts"] == {}


def test_a_method_that_gives_nothing_that_was_said_may_give_anything() -> None:
    for value in (None, 1, {"a": [b""]}):
        result = method(lambda: None).result
        assert result.read(result.write(value)) == value


# --- which functions can be methods ---------------------------------------------------------------------------------


def yields() -> Iterator[int]:
    yield 1


def returns_iterator() -> Iterable[str]:
    return iter("ab")


def generates() -> Generator[int, None, None]:
    yield 1


async def yields_later() -> AsyncIterator[float]:
    yield 1.5


async def gives_later() -> int:
    return 1


def yields_anything():  # type: ignore[no-untyped-def]
    yield 1


@pytest.mark.parametrize(
    ("function", "is_stream", "is_async", "kind"),
    [
        (mixed, False, False, tuple[int, int, int]),
        (yields, True, False, int),
        (returns_iterator, True, False, str),
        (generates, True, False, int),
        (yields_anything, True, False, Any),
        (yields_later, True, True, float),
        (gives_later, False, True, int),
    ],
)
def test_how_a_method_is_called_follows_from_the_function(
    function: Any, is_stream: bool, is_async: bool, kind: Any
) -> None:
    made = method(function)
    assert (made.is_stream, made.is_async, made.result.kind) == (is_stream, is_async, kind)


def many(*values: int) -> None: ...


def anything(**values: int) -> None: ...


def unresolved(value: Nowhere) -> None: ...  # type: ignore[name-defined] # noqa: F821


def yields_a_number() -> int:  # type: ignore[misc]
    yield 1


async def promises_an_iterator() -> Iterator[int]:
    return iter([1])


class Holder(msgspec.Struct):
    path: Event
    next: Holder | None = None


def no_form(value: list[Holder]) -> None: ...


def no_form_by_name(*, value: Event) -> None: ...


def gives_no_form() -> dict[str, Event | None]:
    return {}


class Shop:
    def sell(self, count: int) -> int:
        return count

    @classmethod
    def open(cls, name: str) -> str:
        return name

    @staticmethod
    def add(a: int, b: int) -> int:
        return a + b


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (many, "*values: 'int' has no schema: name its parameters one by one"),
        (anything, "**values: 'int' has no schema"),
        (unresolved, "an annotation cannot be resolved: name 'Nowhere' is not defined"),
        (yields_a_number, "it yields, so its return type must be Iterator[...], not int"),
        (promises_an_iterator, "it is a coroutine function that returns an iterator: yield the items instead"),
        (many, "or take one list: values: list[int]"),
        (anything, "or take one dict: values: dict[str, int]"),
        (lambda *values: None, "or take one list: values: list"),
        (lambda **values: None, "or take one dict: values: dict[str, Any]"),
        (Shop.sell, "it takes 'self', which no caller can pass: register the method of an object"),
        (Shop.sell, "service.method(Shop().sell)"),
        (Shop.__dict__["open"], "it is not a function yet but a classmethod: register it below its class"),
        (Shop.open.__func__, "service.method(Shop.open)"),
        (lambda self: None, "service.method(Thing().<lambda>)"),
        (Line, "is not a function"),
        (7, "is not a function"),
    ],
)
def test_a_function_that_cannot_be_a_method_is_refused_with_the_reason(function: Any, reason: str) -> None:
    service = Service("demo")
    with pytest.raises(UnsuitableMethod) as caught:
        service.method(function, name="f")
    assert str(caught.value).startswith("f cannot be a method of a service: ")
    assert reason in str(caught.value)
    assert isinstance(caught.value, (UnsuitableHandler, TypeError))
    assert not service.describe().methods


@pytest.mark.parametrize(
    ("function", "path"), [(no_form, "Holder.path"), (no_form_by_name, "value"), (gives_no_form, "result")]
)
def test_what_cannot_be_sent_is_refused_by_its_path_with_the_users_line_and_the_way_out(
    function: Any, path: str
) -> None:
    service = Service("demo")
    line = inspect.currentframe().f_lineno + 2  # type: ignore[union-attr] # Python has frames
    with pytest.raises(UnsuitableType) as caught:
        service.method(function, name="f")
    assert str(caught.value) == (
        f"`{path}`: Event is not one of the types that can be sent, in method 'f' (test_schema.py:{line}); "
        "pass types=[Codec(Event, encode, decode)]"
    )
    assert (caught.value.path, caught.value.line) == (path, f"test_schema.py:{line}")
    assert isinstance(caught.value, UnsuitableMethod)
    assert not service.describe().methods


@dataclass
class Unfinished:
    path: str
    next: list[Nowhere] | None = None  # type: ignore[name-defined] # noqa: F821 - that is the fault


@dataclass
class Queue:
    waiting: deque[Event]


@pytest.mark.parametrize(
    ("kind", "path", "reason", "way_out"),
    [
        (Unfinished, "Unfinished.next", "name 'Nowhere' is not defined", "define Nowhere, or import it"),
        (list[Queue], "Queue.waiting", "Event is not one of the types", "pass types="),
        (Line, "Line.start", "Point is sent as list[", "give its Codec another form="),
        (
            list[Path | str],
            "message",
            "what arrives would not tell which of these types it is",
            "annotate it as one of",
        ),
    ],
)
def test_what_is_refused_is_named_with_its_field_also_where_it_stands_in_brackets_or_in_the_form_of_a_codec(
    kind: Any, path: str, reason: str, way_out: str
) -> None:
    service = Service("demo", types=[Codec(Point, list, lambda plain: Point(*plain), form=list[Event])])
    with pytest.raises(UnsuitableType) as caught:
        service.topic("events", kind)
    assert caught.value.path == path
    assert caught.value.reason.startswith(reason)
    assert caught.value.way_out.startswith(way_out)


def test_the_form_of_a_codec_may_have_values_of_its_class() -> None:
    Service("demo", types=[Codec(Point, list, lambda plain: plain[0], form=list[Point])]).topic("points", deque[Point])


def test_a_function_is_refused_in_the_body_of_its_class_where_it_has_no_object_yet() -> None:
    service = Service("demo")
    with pytest.raises(UnsuitableMethod, match="it takes 'self'"):

        class Early:
            @service.method
            def sell(self, count: int) -> int:
                return count


def test_methods_of_a_class_are_methods_without_cls() -> None:
    service = Service("demo")
    for function in (Shop.open, Shop.add, Shop.__dict__["add"]):
        service.method(function, name=f"m{len(service.describe().methods)}")
    signatures = [each.signature for each in service.describe().methods]
    assert signatures == ["m0(name: str) -> str", "m1(a: int, b: int) -> int", "m2(a: int, b: int) -> int"]


def test_a_method_of_an_object_is_a_method_without_self() -> None:
    class Counter:
        def __init__(self) -> None:
            self.value = 0

        def add(self, value: int) -> int:
            self.value += value
            return self.value

    service, counter = Service("demo"), Counter()
    service.method(counter.add)
    assert service.describe().methods[0].signature == "add(value: int) -> int"


def test_a_wrapped_function_keeps_its_schema() -> None:
    @functools.wraps(mixed)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        return mixed(*arguments, **named)

    assert called(wrapped, 1, third=4) == (1, 2, 4)
    with pytest.raises(BadArguments):
        read(wrapped, "1")


# --- names --------------------------------------------------------------------------------------------------------


def test_the_decorator_gives_the_function_back() -> None:
    service = Service("demo")
    assert service.method(mixed) is mixed
    assert service.method(name="other", idempotent=True)(mixed) is mixed
    assert [(each.name, each.idempotent) for each in service.describe().methods] == [("mixed", False), ("other", True)]


@pytest.mark.parametrize("name", ["", "1st", "a b", "a/b", "localsocket.describe", "é", "a" * 129, "a\n"])
def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    service = Service("demo")
    for make in (lambda: service.method(mixed, name=name or "\0"), lambda: service.topic(name), lambda: Service(name)):
        with pytest.raises(ValueError, match="cannot be the name of a"):
            make()


def test_a_name_is_given_once() -> None:
    service = Service("demo")
    service.method(mixed)
    service.topic("mixed")
    with pytest.raises(ValueError, match="already has a method 'mixed'"):
        service.method(mixed)
    with pytest.raises(ValueError, match="already has a topic 'mixed'"):
        service.topic("mixed")


@pytest.mark.parametrize("errors", [[ValueError("x")], [int], [BaseException], ["ValueError"]])
def test_what_is_declared_has_to_be_an_exception_class(errors: list[Any]) -> None:
    for make in (lambda: Service("demo", errors=errors), lambda: Service("demo").method(raises=errors)(mixed)):
        with pytest.raises(TypeError, match="a declared error is a class derived from Exception"):
            make()


@pytest.mark.parametrize("allow", ["root", ["0"], [-1], 7])
def test_an_allow_that_means_nothing_is_refused(allow: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="allow must be SAME_USER, ANY_USER or a collection of uids"):
        Service("demo").method(mixed, name="f", allow=allow)


# --- what a service tells -----------------------------------------------------------------------------------------


def test_a_service_tells_its_methods_as_one_would_write_them() -> None:
    service = Service("demo", version="2", documentation="Draws.", errors=[KeyError])

    @service.method(raises=[ValueError])
    def draw(drawing: Drawing, at: dict[str, Point | None], *, colour: Colour = Colour.RED) -> list[Line]:
        """Draw it.

        Slowly.
        """
        raise NotImplementedError

    service.method(yields_later)
    service.topic("ticks", float, documentation="The time.")
    told = service.describe()
    assert [method.signature for method in told.methods] == [
        "draw(drawing: Drawing, at: dict[str, Point | None], *, colour: Colour = Colour.RED) -> list[Line]",
        "yields_later() -> stream of float",
    ]
    assert told.methods[0].documentation == "Draw it.\n\nSlowly."
    assert told.methods[0].raises == ["ValueError"]
    assert [(topic.name, topic.type, topic.queue, topic.policy, topic.documentation) for topic in told.topics] == [
        ("ticks", "float", 1000, "drop_oldest", "The time.")
    ]
    assert repr(service) == "<Service 'demo', 2 methods, 1 topics>"
