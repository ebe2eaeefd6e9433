"""Signatures of what a service tells of its methods, for those who look at a proxy: a person, `help()`, an editor."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any

from localsocket.services.description import MethodDescription

_KINDS = {
    "positional-only": Parameter.POSITIONAL_ONLY,
    "positional-or-keyword": Parameter.POSITIONAL_OR_KEYWORD,
    "keyword-only": Parameter.KEYWORD_ONLY,
}


class AsWritten:
    """Stands for a type or a default of another program, and reads as it does there."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def signature_of(method: MethodDescription) -> Signature | None:
    """Return the signature; None for parameters that no function of Python's could have."""
    try:
        parameters = [
            Parameter(
                each.name,
                _KINDS[each.kind],
                default=Parameter.empty if each.default is None else AsWritten(each.default),
                annotation=AsWritten(each.type),
            )
            for each in method.parameters
        ]
        returns = f"Iterator[{method.returns}]" if method.kind == "stream" else method.returns
        return Signature(parameters, return_annotation=AsWritten(returns))
    except ValueError:
        return None


class OfInstance:
    """An attribute that instances have for themselves, such as `__doc__`, and the class has as `of_class`."""

    def __init__(self, of_class: object, tell: Callable[[Any], object]) -> None:
        self._of_class = of_class
        self._tell = tell

    def __get__(self, instance: object, owner: type) -> Any:
        return self._of_class if instance is None else self._tell(instance)
