"""What a user says of a type that nobody else knows how to send."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from localsocket.keywords import known_keywords

T = TypeVar("T")

_SENT_AS_THEY_ARE = (bool, int, float, str, bytes, bytearray, memoryview, type(None), list, tuple, set, frozenset, dict)


class Codec(Generic[T]):
    """How values of the class `kind` are sent: `encode` turns one into something that can be sent, `decode` back.

    `form` is the type that `encode` returns. What arrives is checked against it before `decode` is called, and
    describe() shows it in place of `kind`. Without `form` anything may arrive, and `decode` has to check it.

    An exception in `encode` or `decode` is reported like any value of the wrong type, with the path to the value; so is
    a value of another class returned by `decode`. Instances of subclasses of `kind` are encoded too, and come back as
    whatever `decode` makes of them.

    Raises TypeError for a class that needs no codec, such as `int`.
    """

    __slots__ = ("decode", "encode", "form", "kind")

    @known_keywords
    def __init__(
        self, kind: type[T], encode: Callable[[T], Any], decode: Callable[[Any], T], *, form: Any = Any
    ) -> None:
        if not inspect.isclass(kind):
            raise TypeError(f"Codec() takes the class whose values it encodes, not {kind!r}")
        if kind in _SENT_AS_THEY_ARE or kind is object:
            raise TypeError(f"{kind.__name__} needs no Codec and cannot have one: use a Codec for your own classes")
        for name, function in (("encode", encode), ("decode", decode)):
            if not callable(function):
                raise TypeError(f"{name} of the Codec of {kind.__name__} must be a function, not {function!r}")
        self.kind = kind
        self.encode = encode
        self.decode = decode
        self.form = form

    def __repr__(self) -> str:
        return f"<Codec of {self.kind.__name__}>"
