"""What one service, client or socket knows how to send: what msgspec does, what is here, and what its user told."""

from __future__ import annotations

import functools
import sys
import typing
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from localsocket.values.codec import Codec
from localsocket.values.handling import ByCodec, Handling

_ARRAY_CODE = 1

Decode = Callable[[Any], Any]


class KnownTypes:
    """Encodes and decodes values as MessagePack and JSON. `types` are the user's, `errors` classes that may come.

    Values of types that msgspec knows cost here what they cost there: it asks only about others.
    """

    def __init__(self, types: Iterable[Codec[Any]] = (), errors: Iterable[type[Exception]] = ()) -> None:
        self._given = {codec.kind: ByCodec(codec) for codec in check_types(types)}
        self._errors = {kind.__name__: kind for kind in errors}
        self._handlings: dict[Any, Handling] = {}
        self.encode = msgspec.msgpack.Encoder(enc_hook=functools.partial(self._encode_part, is_json=False)).encode
        self.encode_json = msgspec.json.Encoder(enc_hook=functools.partial(self._encode_part, is_json=True)).encode
        self._decode_part = functools.partial(self._decode_any_part, is_json=False)
        self._decode_json_part = functools.partial(self._decode_any_part, is_json=True)

    def decoder(self, kind: Any) -> Decode:
        """Return what reads values of `kind` from MessagePack. Raises TypeError for a type that msgspec cannot read."""
        return msgspec.msgpack.Decoder(kind, dec_hook=self._decode_part, ext_hook=read_extension).decode

    def json_decoder(self, kind: Any) -> Decode:
        """Return what reads values of `kind` from JSON."""
        return msgspec.json.Decoder(kind, dec_hook=self._decode_json_part).decode

    def convert(self, value: Any, kind: Any) -> Any:
        """Return a value that was decoded from MessagePack as one of `kind`."""
        return msgspec.convert(value, kind, dec_hook=self._decode_part)

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
        return _of_numpy(cls) or _of_pydantic(cls) or self._of_python(cls)

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

    def _decode_any_part(self, kind: Any, plain: Any, *, is_json: bool) -> Any:
        handling = self.handling(kind)
        if handling is None:
            return plain  # as `object`, which is told of as anything; others were refused when they were registered
        form = handling.form(kind, is_json=is_json)
        if form is not Any and type(plain) is not form:
            hook = self._decode_json_part if is_json else self._decode_part
            plain = msgspec.convert(plain, form, dec_hook=hook, str_keys=is_json)
        return handling.decode(kind, plain, is_json=is_json)


def check_types(types: Iterable[Codec[Any]]) -> tuple[Codec[Any], ...]:
    """Return what was given, or raise TypeError for what tells of no type, ValueError for two that tell of one."""
    given = tuple(types)
    for codec in given:
        if not isinstance(codec, Codec):
            raise TypeError(f"types takes what tells how a class is sent, Codec(Money, encode, decode), not {codec!r}")
    kinds = [codec.kind for codec in given]
    for kind in kinds:
        if kinds.count(kind) > 1:
            raise ValueError(f"types has two Codecs of {kind.__name__}")
    return given


def cannot_be_sent(kind: Any) -> str:
    """Return what is to be said of a class that nobody knows."""
    return f"{_name(kind)} is none of the types that can be sent"


def way_out(kind: Any) -> str:
    """Return what to do about that."""
    return f"pass types=[Codec({_name(kind)}, encode, decode)]"


def _name(kind: Any) -> str:
    return str(getattr(kind, "__name__", kind))


def read_extension(code: int, data: memoryview) -> Any:
    """Return what an extension of MessagePack stands for: an array, or what others have made of it.

    Raises ValidationError for an array that is none, or where there is no numpy.
    """
    if code != _ARRAY_CODE:
        return msgspec.msgpack.Ext(code, bytes(data))
    try:
        from localsocket.values.arrays import unpack
    except ImportError:
        missing = "an array needs numpy, which is missing: pip install 'localsocket[numpy]'"
        raise msgspec.ValidationError(missing) from None
    try:
        return unpack(data)
    except ValueError as error:
        raise msgspec.ValidationError(str(error)) from error


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
