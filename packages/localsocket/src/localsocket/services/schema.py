"""What a function's annotations say about its calls: how arguments are read, and results written."""

from __future__ import annotations

import collections.abc
import functools
import inspect
import re
import sys
import typing
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from inspect import Parameter
from typing import Any

import msgspec
from msgspec.inspect import ByteArrayType, BytesType, CustomType, MemoryViewType

from localsocket.errors import BadArguments, BadResult, UnsuitableMethod, UnsuitableType
from localsocket.interfaces import Outline
from localsocket.keywords import similar_names
from localsocket.showing import did_you_mean
from localsocket.values.descriptor_values import mentions_fd, proving
from localsocket.values.gathering import LARGE, DescriptorMet, Gathered, Written
from localsocket.values.known_types import PLAIN, KnownTypes
from localsocket.values.pieces import reading_apart
from localsocket.values.refusing import check_can_be_sent, line_of_user
from localsocket.values.type_parts import type_parts
from localsocket.wire.call_bodies import NO_NAMED, CallApart, CallBody
from localsocket.wire.hash_floods import guarded
from localsocket.wire.serializers import UNREADABLE
from localsocket.wire.sizes import FLAT, check_size

_STREAMS = {
    collections.abc.Iterator,
    collections.abc.Iterable,
    collections.abc.Generator,
    collections.abc.AsyncIterator,
    collections.abc.AsyncIterable,
    collections.abc.AsyncGenerator,
}

# Each argument as the bytes that it came in: without a schema nothing of a peer's is decoded, since what comes of that,
# and how much work it is, would be the peer's choice.
_decode_given = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_decode_named = msgspec.msgpack.Decoder(dict[str, msgspec.Raw]).decode

_decode_named_json = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_NULL = b"null"

_decode_anything = guarded(PLAIN.decoder(Any), Any)
_BYTES = (BytesType, ByteArrayType, MemoryViewType)

# What is what it says by its class alone, so that it need not be read back to be sure.
_PLAIN = (bool, int, float, str, bytes, type(None))


class Parameters:
    """The parameters of a function, which are given by position or by name."""

    def __init__(self, method: str, function: Callable[..., object], known: KnownTypes = PLAIN) -> None:
        hints = type_hints(method, function)
        self._method = method
        self._known = known
        self.signature = inspect.signature(function)
        self.returns: Any = hints.get("return", Any)
        self.types: dict[str, Any] = {}
        for position, parameter in enumerate(self.signature.parameters.values()):
            _check_parameter(method, function, position, parameter)
            self.types[parameter.name] = hints.get(parameter.name, Any)
        by_position = [
            self.types[parameter.name]
            for parameter in self.signature.parameters.values()
            if parameter.kind is not parameter.KEYWORD_ONLY
        ]
        for name, kind in self.types.items():
            check_can_be_sent(kind, known, f"method {method!r}", name)
        self._decode = self._decoder(tuple[tuple(by_position)])  # type: ignore[misc]
        self._decoders = {name: self._decoder(kind) for name, kind in self.types.items()}
        self._holders = {name for name, kind in self.types.items() if mentions_fd(kind)}
        self._needs_names = len(by_position) < len(self.types)

    @property
    def take_descriptors(self) -> bool:
        """Whether one of them may be, or hold, a descriptor."""
        return bool(self._holders)

    def may_hold_descriptor(self, path: str) -> bool:
        """Whether there may be one in the argument that a path leads to."""
        return re.split(r"[.\[]", path, maxsplit=1)[0] in self._holders

    def read(self, body: CallBody) -> tuple[tuple[object, ...], dict[str, object]]:
        """Return the arguments for the function. Raises BadArguments, with the path to the one that does not fit."""
        if type(body) is CallApart:
            return reading_apart(body.pieces, partial(self._read_one_by_one, body, self._read_one_apart))
        if not self._needs_names and (body.named is NO_NAMED or bytes(body.named) == _NO_NAMED):
            try:
                arguments: tuple[object, ...] = self._decode(body.arguments)
            except UNREADABLE:
                pass  # fewer than there are parameters, or wrong ones: found out below
            else:
                return arguments, {}
        return self._read_one_by_one(body, self._read_one)

    def read_json(self, body: CallBody) -> tuple[tuple[object, ...], dict[str, object]]:
        """Return the arguments for the function from `body.named`, which is a JSON object. Raises BadArguments.

        There null stands for what is left out, and what is left out for null, where the type takes that and there is no
        other default: the languages that call so differ in what they make of the two.
        """
        try:
            given = _decode_named_json(body.named)
        except UNREADABLE as error:
            raise BadArguments(self._method, "", str(error)) from None
        for name in given:
            try:
                self._check_names([name])
            except TypeError as error:
                raise BadArguments(self._method, name[:128], str(error)) from None
        bound = inspect.BoundArguments(self.signature, OrderedDict())
        for name, parameter in self.signature.parameters.items():
            value = given.get(name)
            if value is not None and (bytes(value) != _NULL or parameter.default is parameter.empty):
                bound.arguments[name] = self._read_one_json(name, value)
            elif value is not None and self._takes_null(name):
                bound.arguments[name] = None
            elif parameter.default is not parameter.empty:
                bound.arguments[name] = parameter.default
            elif self._takes_null(name):
                bound.arguments[name] = None
            else:
                raise BadArguments(self._method, name, "it is missing")
        return bound.args, bound.kwargs

    def _decoder(self, kind: Any) -> Callable[[Any], Any]:
        return guarded(self._known.decoder(kind), self._known.readable(kind))

    def _json_decoder(self, kind: Any) -> Callable[[Any], Any]:
        return guarded(self._known.json_decoder(kind), self._known.readable(kind), is_json=True)

    def _takes_null(self, name: str) -> bool:
        try:
            self._json_decoders[name](_NULL)
        except UNREADABLE:
            return False
        return True

    @functools.cached_property
    def _json_decoders(self) -> dict[str, Callable[[Any], Any]]:
        return {name: self._json_decoder(kind) for name, kind in self.types.items()}

    def _read_one_json(self, name: str, value: msgspec.Raw) -> Any:
        try:
            return self._json_decoders[name](value)
        except msgspec.ValidationError as error:
            reason, path = split_path(error)
            raise BadArguments(self._method, name + path, reason) from None
        except UNREADABLE as error:
            raise BadArguments(self._method, name, str(error)) from None

    def _read_one_by_one(
        self, body: CallBody, read_one: Callable[[str, msgspec.Raw], Any]
    ) -> tuple[tuple[object, ...], dict[str, object]]:
        try:
            given, named = _decode_given(body.arguments), _decode_named(body.named)
            self._check_names(named)
            bound = self.signature.bind(*given, **named)
        except (TypeError, *UNREADABLE) as error:
            raise BadArguments(self._method, "", str(error)) from None
        for name, value in bound.arguments.items():
            try:
                bound.arguments[name] = read_one(name, value)
            except msgspec.ValidationError as error:
                reason, path = split_path(error)
                raise BadArguments(self._method, name + path, reason) from None
            except UNREADABLE as error:
                raise BadArguments(self._method, name, str(error)) from None
        return bound.args, bound.kwargs

    def _read_one(self, name: str, value: msgspec.Raw) -> Any:
        try:
            return self._decoders[name](value)
        except msgspec.ValidationError:
            # A program that has its arguments as JSON sends bytes as a string of base64.
            kind = self.types[name]
            if not any(isinstance(part, _BYTES) for part in type_parts(self._known.readable(kind))):
                raise
            return self._known.convert(_decode_anything(value), kind)

    def _read_one_apart(self, name: str, value: msgspec.Raw) -> Any:
        # msgspec takes an extension for anything alone, and not for bytes.
        return self._known.convert(_decode_anything(value), self.types[name])

    def _check_names(self, named: Iterable[str]) -> None:
        for name in named:
            if name not in self.types:
                hint = did_you_mean(similar_names(name, self.types))
                raise TypeError(f"got an unexpected keyword argument {name!r}{hint}")


class Result:
    """What a function gives, or each item of a stream: written so that it is what was said.

    It is read `into` memory of whoever called, where there is some.
    """

    def __init__(self, method: str, kind: Any, known: KnownTypes = PLAIN, *, of_topic: bool = False) -> None:
        place, part = (f"topic {method!r}", "message") if of_topic else (f"method {method!r}", "result")
        check_can_be_sent(kind, known, place, part)
        if of_topic and mentions_fd(kind):
            raise UnsuitableType(
                part, "a descriptor goes to one receiver", place, line_of_user(), "give it as a result"
            )
        self.method = method
        self._part = f"the {part}"
        self.kind = kind
        self.into: memoryview | None = None
        self._plain = kind if kind in _PLAIN else type(None) if kind is None else None
        self._known = known
        self.has_descriptors = mentions_fd(kind)
        self._encode: Callable[[Any], Written] = self._encode_first
        self._decode = guarded(known.decoder(kind), known.readable(kind))

    def _encode_first(self, value: object) -> Written:
        """Find out how values are encoded, now that everything is registered that may matter for that."""
        self._encode = self._known.writer(self.kind)
        return self._encode(value)

    def write(self, value: object, longest: int | None = None) -> Written:
        """Return the value as MessagePack, to be put into a frame before large arrays in it may change.

        Raises BadResult; TooLongToSend for certainly more than `longest` bytes.
        """
        kind = type(value)
        # Plain to see for what most calls give: each result comes here.
        is_small = kind in FLAT and len(value) < LARGE  # type: ignore[arg-type]
        encode = self._encode if is_small else self._encoder_of(value, longest)
        try:
            body = encode(value)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise BadResult(self.method, self._part, str(error)) from error
        if type(body) is Gathered:
            self._prove(body)
        elif kind is not self._plain and self.kind is not Any:
            self.read(body)
        return body

    def _prove(self, body: Gathered) -> None:
        """Check what is in pieces; descriptors in it go along from now on, and their owners have them no more."""
        if not body.met:
            self.read(body.outline)
            return
        try:
            body.take_descriptors()
        except (OSError, ValueError) as error:
            raise BadResult(self.method, self._part, str(error)) from error
        try:
            if not self.has_descriptors:
                raise BadResult(self.method, self._part, str(DescriptorMet(body.met[0])))
            proving(partial(self.read, body.outline))
        except BaseException:
            body.drop_descriptors()  # else they stay open as long as somebody has the error
            raise

    def write_json(self, value: object, longest: int | None = None) -> bytes:
        """Return the value as JSON, where write() would write it as MessagePack. Raises the same."""
        self.write(value, longest)
        try:
            body = self._encode_json(value)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise BadResult(self.method, self._part, str(error)) from error
        return body

    def json_of(self, body: bytes) -> bytes:
        """Return as JSON what write() has written. Raises BadResult for what JSON cannot hold."""
        return self.write_json(self.read(body))

    def read(self, body: bytes | memoryview) -> Any:
        """Return the value. Raises BadResult."""
        try:  # here and not by another call: each result of each call comes here
            if type(body) is Outline:
                return reading_apart(body.pieces, partial(self._read_apart, body))
            return self._decode(body)
        except (msgspec.ValidationError, *UNREADABLE) as error:
            raise self._misfit(error) from None

    def read_json(self, body: bytes | memoryview) -> Any:
        """Return the value that write_json() has written. Raises BadResult."""
        try:
            return self._decode_json(body)
        except (msgspec.ValidationError, *UNREADABLE) as error:
            raise self._misfit(error) from None

    def _read_apart(self, body: Outline) -> Any:
        return self._known.convert(_decode_anything(memoryview(body)), self.kind)

    def _encoder_of(self, value: object, longest: int | None) -> Callable[[Any], Written]:
        """Return what is to write a value, after some looks at it. Raises TooLongToSend."""
        if longest is None and type(value) not in FLAT:
            return self._encode
        least = check_size(value, sys.maxsize if longest is None else longest)
        return self._known.gather_large if least >= LARGE and self._may_be_gathered else self._encode

    @functools.cached_property
    def _may_be_gathered(self) -> bool:
        """Whether what is read of an outline tells that a value is of this type, whatever its bytes are."""
        return not any(
            isinstance(part, CustomType)
            or (isinstance(part, _BYTES) and (part.min_length, part.max_length) != (None, None))
            for part in type_parts(self._known.readable(self.kind))
        )

    @functools.cached_property
    def _encode_json(self) -> Callable[[Any], bytes]:
        return self._known.json_writer(self.kind)

    @functools.cached_property
    def _decode_json(self) -> Callable[[Any], Any]:
        return guarded(self._known.json_decoder(self.kind), self._known.readable(self.kind), is_json=True)

    def _misfit(self, error: Exception) -> BadResult:
        if isinstance(error, msgspec.ValidationError):
            reason, path = split_path(error)
            return BadResult(self.method, f"{self._part}{path}", reason)
        return BadResult(self.method, self._part, str(error))


def _check_parameter(method: str, function: Callable[..., object], position: int, parameter: Parameter) -> None:
    """Raise UnsuitableMethod for a parameter that no caller could give."""
    match parameter.kind:
        case Parameter.VAR_POSITIONAL:
            raise UnsuitableMethod(
                method,
                f"{parameter} has no schema: name its parameters one by one, or take one list: {_as_list(parameter)}",
            )
        case Parameter.VAR_KEYWORD:
            raise UnsuitableMethod(
                method,
                f"{parameter} has no schema: name its parameters one by one, or take one dict: {_as_dict(parameter)}",
            )
    if position or parameter.name not in ("self", "cls"):
        return
    outer, _, name = getattr(function, "__qualname__", method).rpartition(".")
    kind = outer.rpartition(".")[2] or "Thing"
    if kind == "<locals>":
        kind = "Thing"
    register = f"{kind}().{name}" if parameter.name == "self" else f"{kind}.{name}"
    raise UnsuitableMethod(
        method,
        f"it takes {parameter.name!r}, which no caller can pass: register the method of an object, or of the class: "
        f"service.method({register})",
    )


def _as_list(parameter: Parameter) -> str:
    kind = "" if parameter.annotation is Parameter.empty else f"[{_annotation_text(parameter)}]"
    return f"{parameter.name}: list{kind}"


def _as_dict(parameter: Parameter) -> str:
    kind = "Any" if parameter.annotation is Parameter.empty else _annotation_text(parameter)
    return f"{parameter.name}: dict[str, {kind}]"


def _annotation_text(parameter: Parameter) -> str:
    """Return the annotation as it was written, or as one would write it."""
    annotation = parameter.annotation
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


ANYTHING = Result("", Any)
"""What a method gives of which nothing is known."""

_NO_NAMED = bytes(NO_NAMED)


def type_hints(method: str, function: Callable[..., object]) -> dict[str, Any]:
    """Return the annotations of `function`, resolved. Raises UnsuitableMethod where a name cannot be found."""
    try:
        return typing.get_type_hints(function, include_extras=True)
    except (NameError, TypeError) as error:
        raise UnsuitableMethod(method, f"an annotation cannot be resolved: {error}") from error


def streamed_type(kind: Any) -> tuple[bool, Any]:
    """Return whether the annotation of a result says that it is a stream, and the type of the result or the items."""
    origin = typing.get_origin(kind) or kind
    if origin not in _STREAMS:
        return False, kind
    parts = typing.get_args(kind)
    return True, parts[0] if parts else Any


def split_path(error: msgspec.ValidationError) -> tuple[str, str]:
    """Return the sentence of the error, and the path within the value, such as `.items[2]`."""
    reason, _, path = str(error).partition(" - at `$")
    return reason, path.removesuffix("`")
