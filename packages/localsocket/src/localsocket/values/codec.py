"""What a user says of a type that nobody else knows how to send."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from localsocket.keywords import known_keywords

T = TypeVar("T")

_SENT_AS_THEY_ARE = (bool, int, float, str, bytes, bytearray, memoryview, type(None), list, tuple, set, frozenset, dict)


class Codec(Generic[T]):
    """How values of the class `kind` are sent: `encode` makes something of them that can be, `decode` reads that.

    `form` is the type of what `encode` gives: what arrives is checked to be that before `decode` sees it, and is told
    as that to those who ask a service what it takes. Without one it may be anything, which `decode` has to check.

    What either raises is told as of a value that does not fit, by the path to it; so is one that `decode` gives of
    another class. Subclasses of `kind` are encoded too, and come back as what `decode` makes of them.

    Raises TypeError for a class that is sent as it is, such as `int`.
    """

    __slots__ = ("decode", "encode", "form", "kind")

    @known_keywords
    def __init__(
        self, kind: type[T], encode: Callable[[T], Any], decode: Callable[[Any], T], *, form: Any = Any
    ) -> None:
        if not inspect.isclass(kind):
            raise TypeError(f"Codec() takes the class whose values it encodes, not {kind!r}")
        if kind in _SENT_AS_THEY_ARE or kind is object:
            raise TypeError(f"{kind.__name__} needs no Codec, and can have none: give one for a class of your own")
        for name, function in (("encode", encode), ("decode", decode)):
            if not callable(function):
                raise TypeError(f"{name} of the Codec of {kind.__name__} is a function, not {function!r}")
        self.kind = kind
        self.encode = encode
        self.decode = decode
        self.form = form

    def __repr__(self) -> str:
        return f"<Codec of {self.kind.__name__}>"
