"""How the values of one family of classes are sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from localsocket.values.codec import Codec

WRITTEN = "localsocket.written"
"""The key under which Meta(extra=...) of a type says how Python writes the type that it stands for."""


class Handling(Protocol):
    """What is known of a family of classes. Everything that it raises is a TypeError or a ValueError."""

    @property
    def has_parts(self) -> bool:
        """Whether what stands on the wire may have values of other types in it, or is gathered where it is large."""

    def form(self, kind: Any, *, is_json: bool) -> Any:
        """Return the type of what stands on the wire for values of `kind`; Any where decode() checks that itself."""

    def told(self, kind: Any) -> Any:
        """Return the type that is told of in descriptions: what stands in JSON."""

    def encode(self, value: Any, *, is_json: bool) -> Any:
        """Return what stands on the wire for `value`. Raises LargeValue for what is to be gathered, not written."""

    def decode(self, kind: Any, plain: Any, *, is_json: bool) -> Any:
        """Return the value of `kind` for what stands on the wire, which is of its form."""


class ByCodec:
    """Values of a class of which a user has told. What the functions raise names the class."""

    has_parts = True

    def __init__(self, codec: Codec[Any]) -> None:
        self.codec = codec

    def form(self, kind: Any, *, is_json: bool) -> Any:
        return self.codec.form

    def told(self, kind: Any) -> Any:
        return self.codec.form

    def encode(self, value: Any, *, is_json: bool) -> Any:
        plain = self._told(self.codec.encode, value, "encode")
        if isinstance(plain, self.codec.kind):
            raise TypeError(f"encode of the Codec of {self._name} gave {type(plain).__name__} again")
        return plain

    def decode(self, kind: Any, plain: Any, *, is_json: bool) -> Any:
        value = self._told(self.codec.decode, plain, "decode")
        if not isinstance(value, self.codec.kind):
            raise TypeError(f"decode of the Codec of {self._name} gave {type(value).__name__}, not {self._name}")
        return value

    @property
    def _name(self) -> str:
        return self.codec.kind.__name__

    def _told(self, function: Callable[[Any], Any], value: Any, what: str) -> Any:
        try:
            return function(value)
        except RecursionError:
            raise
        except Exception as error:  # whatever a user's function makes of a value
            said = f"{what} of the Codec of {self._name} raised {type(error).__name__}: {error}"
            raise ValueError(said) from error
