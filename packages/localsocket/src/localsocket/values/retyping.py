"""Types made of types: some parts are replaced, and what consists of them is made anew around them."""

from __future__ import annotations

import contextlib
import typing
from collections.abc import Iterator
from typing import Annotated, Any, Union

from localsocket.values.shapes import fields_of, named_class, parts_of, what_it_names


class Retyping:
    """Gives for a type the one in which parts are replaced: the same, where there are none.

    A class of a user's with such a field gets a twin with other annotations. What derives from this says which parts
    are replaced, by what, and how a twin is made.
    """

    def __init__(self) -> None:
        self._twins: dict[Any, Any] = {}

    def replacement(self, kind: Any) -> Any:
        """Return what stands in the place of a part, None where it stays."""
        raise NotImplementedError

    def twin_of(self, kind: type, hints: dict[str, Any]) -> tuple[Any, dict[str, Any] | None]:
        """Return a class with the fields of `kind`, and where the types of those are to be put: they may name it."""
        raise NotImplementedError

    def of(self, kind: Any) -> Any:
        """Return the type with its parts replaced. Raises TypeError for what can stand in none."""
        if (replacement := self.replacement(kind)) is not None:
            return replacement
        if not self._is_touched(kind, set()):
            return kind
        if (named := what_it_names(kind)) is not kind:
            return self.of(named)
        origin, parts = typing.get_origin(kind), parts_of(kind)
        if origin is None and not parts:
            return self._twin(kind)
        made = tuple(part if part is ... else self.of(part) for part in parts)
        if origin is Annotated:
            return Annotated[(made[0], *kind.__metadata__)]
        if is_union(kind):
            return Union[made]  # noqa: UP007 # of types that are known now
        return origin[made if len(made) > 1 else made[0]]

    def _twin(self, kind: Any) -> Any:
        if kind not in self._twins:
            hints = fields_of(kind) or {}
            twin, annotations = self.twin_of(kind, hints)
            self._twins[kind] = twin  # which its own fields may be of
            made = {name: self.of(hint) for name, hint in hints.items()}
            if annotations is not None:
                annotations.update(made)
        return self._twins[kind]

    def _is_touched(self, kind: Any, looked_at: set[int]) -> bool:
        """Whether there is something in the type to be replaced."""
        if id(kind) in looked_at:
            return False
        looked_at.add(id(kind))
        if self.replacement(kind) is not None:
            return True
        return any(self._is_touched(part, looked_at) for part in inner_types(kind))


def is_union(kind: Any) -> bool:
    return typing.get_origin(kind) in _UNIONS


_UNIONS = (Union, type(int | str))


def inner_types(kind: Any) -> Iterator[Any]:
    """Give the types of which one is made: those in its brackets, and those of its fields."""
    yield from parts_of(kind)
    with contextlib.suppress(NameError, TypeError):  # of an annotation that msgspec cannot resolve either
        yield from (fields_of(named_class(kind)) or {}).values()
