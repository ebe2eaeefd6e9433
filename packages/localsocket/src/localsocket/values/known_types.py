"""What one service, client or socket knows how to send: what msgspec does, what is here, and what its user told."""

from __future__ import annotations

import functools
import sys
import typing
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from msgspec.inspect import AnyType, CustomType, DateTimeType, FloatType, Type

from localsocket.values.codec import Codec
from localsocket.values.descriptors import Fd
from localsocket.values.gathering import (
    BYTES_APART,
    DESCRIPTOR,
    LARGE,
    DescriptorMet,
    Gathered,
    Gathering,
    LargeValue,
    NotWritten,
    Written,
    whole,
)
from localsocket.values.handling import ByCodec, Handling
from localsocket.values.pieces import piece_of, stands_apart
from localsocket.values.reading import ReadableTypes
from localsocket.values.retyping import Retyping
from localsocket.values.shapes import is_custom
from localsocket.values.type_parts import type_parts
from localsocket.values.walking import Walk, has_moments, may_have_moments

_ARRAY_CODE = 1

_SHORT = 2048  # bytes that are searched in less time than it takes to look at the value
_CLASSES = 1000  # that are remembered

Decode = Callable[[Any], Any]


class KnownTypes:
    """Encodes and decodes values as MessagePack and JSON. `types` are the user's, `errors` classes that may come.

    Values of types that msgspec knows cost here what they cost there: it asks only about others.
    """

    def __init__(self, types: Iterable[Codec[Any]] = (), errors: Iterable[type[Exception]] = ()) -> None:
        self._given = {codec.kind: ByCodec(codec) for codec in check_types(types)}
        self._errors = {kind.__name__: kind for kind in errors}
        self._handlings: dict[Any, Handling] = {}
        self._encode = msgspec.msgpack.Encoder(enc_hook=functools.partial(self._encode_part, is_json=False)).encode
        self._encode_json_part = functools.partial(self._encode_part, is_json=True)
        self._encode_json = msgspec.json.Encoder(enc_hook=self._encode_json_part).encode
        self._hooks = {is_json: functools.partial(self._decode_part, is_json=is_json) for is_json in (False, True)}
        self._readable = ReadableTypes(self._given, self._handlings, self._convert_part)
        coded = {kind: given.encode for kind, given in self._given.items() if not is_custom(kind)}
        self._coded = {
            is_json: {kind: functools.partial(encode, is_json=is_json) for kind, encode in coded.items()}
            for is_json in (False, True)
        }
        self._has_coded = bool(coded)
        self._tagged = self._readable.tagged
        self._with_moments: dict[type, bool] = {}

    # --- what is read -------------------------------------------------------------------------------------------------

    def readable(self, kind: Any) -> Any:
        """Return the type that msgspec is to read for `kind`. Raises TypeError for one that cannot be read."""
        if not self._given:
            try:
                type_parts(kind)
            except TypeError:
                return self._readable.of(kind)
            return kind
        return self._readable.of(kind)

    def decoder(self, kind: Any) -> Decode:
        """Return what reads values of `kind` from MessagePack."""
        kind = self.readable(kind)
        return msgspec.msgpack.Decoder(kind, dec_hook=self._hooks[False], ext_hook=read_extension).decode

    def json_decoder(self, kind: Any) -> Decode:
        """Return what reads values of `kind` from JSON."""
        return msgspec.json.Decoder(self.readable(kind), dec_hook=self._hooks[True]).decode

    def convert(self, value: Any, kind: Any, *, is_json: bool = False) -> Any:
        """Return a value that was decoded as anything as one of `kind`. Raises as msgspec does."""
        return msgspec.convert(value, self.readable(kind), dec_hook=self._hooks[is_json], str_keys=is_json)

    def _convert_part(self, value: Any, kind: Any, *, is_json: bool) -> Any:
        """Return a part of a value. Raises ValueError, to which msgspec adds the path to the part."""
        try:
            return self.convert(value, kind, is_json=is_json)
        except msgspec.ValidationError as error:
            reason, _, path = str(error).partition(" - at `$")
            raise ValueError(f"{reason}, at `{path.removesuffix('`')}` of it" if path else reason) from None

    # --- what is written ----------------------------------------------------------------------------------------------

    def encode(self, value: Any) -> bytes:
        """Return a value, of which nothing is known, as MessagePack. Raises as msgspec does."""
        return whole(self.gather(value))

    def gather(self, value: Any) -> Written:
        """Return a value as encode() does, in pieces where it has large arrays in it, which are not copied yet.

        Descriptors in it are told beside that, for who can have them travel along.
        """
        try:
            return self._written(value, self._encode)
        except NotWritten:
            return self._gather(value, lambda _, value: value)

    def gather_large(self, value: Any) -> Written:
        """Return a value as gather() does, with its large bytes in pieces too: for what may have some."""
        if type(value) is bytes and len(value) >= LARGE and not (self._has_coded or self._tagged):
            return Gathered.of_bytes(value)
        return self._gather(value, Gathering.without_bytes)

    def _gather(self, value: Any, seen: Callable[[Gathering, Any], Any]) -> Written:
        gathering = Gathering()
        hook = functools.partial(self._encode_or_gather, gathering)
        encode = msgspec.msgpack.Encoder(enc_hook=hook).encode

        def from_the_beginning(value: Any) -> bytes:
            gathering.begin()
            return encode(seen(gathering, value))

        return gathering.gathered(self._written(value, from_the_beginning))

    def _written(self, value: Any, encode: Callable[[Any], bytes]) -> bytes:
        if self._has_coded or self._tagged:
            return encode(self._walk(value, is_json=False))
        body = encode(value)
        if len(body) <= _SHORT and 0xFF not in body:
            return body
        # Anew if there is a moment in it: that is written without its offset. Where a few looks show that there is
        # none, much is not searched.
        if len(body) > _SHORT and not may_have_moments(value, self._class_may_have_moments):
            return body
        return encode(self._walk(value, is_json=False)) if has_moments(body) else body

    def encode_json(self, value: Any) -> bytes:
        """Return a value as JSON, or raise what msgspec raises; ValueError also for NaN and infinities.

        For these msgspec writes null, which stands for no value, or for what was left out.
        """
        if self._has_coded or self._tagged:
            value = self._walk(value, is_json=True)
        text = self._encode_json(value)
        if b"null" in text:
            import json  # which hardly any program needs for this

            json.dumps(msgspec.to_builtins(value, str_keys=True, enc_hook=self._encode_json_part), allow_nan=False)
        return text

    def writer(self, kind: Any) -> Callable[[Any], Written]:
        """Return what writes values of `kind` as MessagePack, once everything is registered: at best msgspec itself."""
        parts = type_parts(self.readable(kind))
        return self.gather if any(map(self._has_to_be_seen, parts)) else self._encode

    def json_writer(self, kind: Any) -> Callable[[Any], bytes]:
        """Return what writes values of `kind` as JSON, likewise; only where there may be NaN is that looked for."""
        parts = list(type_parts(self.readable(kind)))
        is_seen = any(isinstance(part, FloatType | CustomType) or self._has_to_be_seen(part) for part in parts)
        return self.encode_json if is_seen else self._encode_json

    def _walk(self, value: Any, *, is_json: bool) -> Any:
        return Walk(self._coded[is_json], self._tagged, keeps_offsets=not is_json).through(value)

    def _has_to_be_seen(self, part: Type) -> bool:
        """Whether a part of a type may be written otherwise than msgspec does by itself."""
        if isinstance(part, (AnyType, DateTimeType)):
            return True
        cls = getattr(part, "cls", None)
        if not isinstance(part, CustomType):
            return cls in self._tagged or cls in self._coded[False]
        handling = self.handling(cls)
        return handling is None or handling.has_parts

    def _class_may_have_moments(self, kind: type) -> bool:
        if (known := self._with_moments.get(kind)) is None:
            try:
                known = any(map(self._has_to_be_seen, type_parts(kind)))
            except (NameError, TypeError):
                known = True
            if len(self._with_moments) < _CLASSES:
                self._with_moments[kind] = known
        return known

    # --- what is known of a class -------------------------------------------------------------------------------------

    @property
    def told(self) -> Retyping:
        """What tells of types as they stand in JSON, once everything is registered."""
        from localsocket.values.telling import ToldTypes  # loaded for those who ask

        return ToldTypes(self._given, self.handling, self._tagged)

    def has_codec_of(self, kind: type) -> bool:
        """Whether the user has told how values of a class are sent."""
        return isinstance(self.handling(kind), ByCodec)

    def handling(self, kind: Any) -> Handling | None:
        """Return what knows how values of a class are sent, or of one that is made for certain types."""
        cls = typing.get_origin(kind) or kind
        if (found := self._handlings.get(cls)) is None and (found := self._find(cls)) is not None:
            self._handlings[cls] = found
        return found

    def _find(self, cls: type) -> Handling | None:
        for base in cls.__mro__:
            if (given := self._given.get(base)) is not None:
                return given
        return _of_numpy(cls) or _of_pydantic(cls) or _of_ours(cls) or self._of_python(cls)

    def _of_python(self, cls: type) -> Handling | None:
        from localsocket.values.plain_forms import PLAIN_FORMS  # loaded for the first value that needs it

        if issubclass(cls, BaseException):
            from localsocket.values.error_values import Errors

            return Errors(self._errors)
        return next((PLAIN_FORMS[base] for base in cls.__mro__ if base in PLAIN_FORMS), None)

    def _encode_part(self, value: Any, *, is_json: bool) -> Any:
        handling = self.handling(type(value))
        if handling is None:
            raise TypeError(f"{cannot_be_sent(type(value))}; {way_out(type(value))}")
        return handling.encode(value, is_json=is_json)

    def _encode_or_gather(self, gathering: Gathering, value: Any) -> Any:
        try:
            return self._encode_part(value, is_json=False)
        except LargeValue as large:
            return gathering.stand_in(large)
        except DescriptorMet as descriptor:
            return gathering.place_of(descriptor.fd)

    def _decode_part(self, kind: Any, plain: Any, *, is_json: bool) -> Any:
        handling = self.handling(kind)
        if handling is None:
            return plain  # as `object`, which is told of as anything; others were refused when they were registered
        form = handling.form(kind, is_json=is_json)
        if form is not Any and type(plain) is not form:
            plain = self._convert_part(plain, form, is_json=is_json)
        return handling.decode(kind, plain, is_json=is_json)


def check_types(types: Iterable[Codec[Any]]) -> tuple[Codec[Any], ...]:
    """Return what was given, or raise TypeError for what tells of no type, ValueError for two that tell of one."""
    given = tuple(types)
    for codec in given:
        if not isinstance(codec, Codec):
            raise TypeError(f"types takes codecs, such as Codec(Money, encode, decode), not {codec!r}")
    kinds = [codec.kind for codec in given]
    for kind in kinds:
        if kinds.count(kind) > 1:
            raise ValueError(f"types has two Codecs of {kind.__name__}")
    return given


def cannot_be_sent(kind: Any) -> str:
    """Return what is to be said of a class that nobody knows."""
    return f"{_name(kind)} is not one of the types that can be sent"


def way_out(kind: Any) -> str:
    """Return what to do about that."""
    return f"pass types=[Codec({_name(kind)}, encode, decode)]"


def _name(kind: Any) -> str:
    return str(getattr(kind, "__name__", kind))


def read_extension(code: int, data: memoryview) -> Any:
    """Return what an extension of MessagePack stands for: an array, a descriptor, or what others have made of it.

    Raises ValidationError for an array that is none, or where there is no numpy; for what has not come along.
    """
    if code == DESCRIPTOR:
        from localsocket.values.descriptor_values import read_descriptor

        return read_descriptor(_whole_of(data))
    if is_apart := stands_apart(code):
        piece, header = piece_of(code, _whole_of(data))
        if code == BYTES_APART:
            return piece
    elif code != _ARRAY_CODE:
        return msgspec.msgpack.Ext(code, bytes(data))
    try:
        from localsocket.values.arrays import unpack, unpack_apart
    except ImportError:
        missing = "an array needs numpy, which is missing: pip install 'localsocket[numpy]'"
        raise msgspec.ValidationError(missing) from None
    try:
        return unpack_apart(header, piece) if is_apart else unpack(_whole_of(data))
    except ValueError as error:
        raise msgspec.ValidationError(str(error)) from error


def _whole_of(data: memoryview) -> memoryview:
    # Until msgspec 0.20 it says the length of the whole message.
    return data if len(data) == data.nbytes else memoryview(bytes(data))


def _of_ours(cls: type) -> Handling | None:
    if not issubclass(cls, Fd):
        return None
    from localsocket.values.descriptor_values import FdValues  # loaded for the first that is met

    return FdValues()


def _of_numpy(cls: type) -> Handling | None:
    # Who has a value or a type of it has loaded it.
    numpy = sys.modules.get("numpy")
    kinds = [getattr(numpy, name, ()) for name in ("ndarray", "generic")]  # it may be being loaded by another thread
    if not issubclass(cls, tuple(filter(None, kinds))):
        return None
    from localsocket.values.arrays import Arrays, Scalars

    return Arrays() if issubclass(cls, kinds[0]) else Scalars()


def _of_pydantic(cls: type) -> Handling | None:
    base = getattr(sys.modules.get("pydantic"), "BaseModel", ())
    if not issubclass(cls, base):
        return None
    from localsocket.values.models import Models

    return Models()


PLAIN = KnownTypes()
"""Of whom nobody has told anything."""
