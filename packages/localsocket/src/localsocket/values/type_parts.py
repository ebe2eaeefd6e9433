"""What a type consists of, as msgspec sees it."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from msgspec.inspect import Field, Type, type_info


def type_parts(kind: Any) -> Iterable[Type]:
    """Give the type and all that it consists of, each once. Raises TypeError for what msgspec has no form for."""
    try:
        hash(kind)
    except TypeError:  # it is annotated with what has no hash
        return _found_parts(kind)
    return _remembered_parts(kind)


def _found_parts(kind: Any) -> tuple[Type, ...]:
    looked_at: set[int] = set()
    parts: list[object] = [type_info(kind)]
    found: list[Type] = []
    while parts:
        part = parts.pop()
        if isinstance(part, tuple):
            parts.extend(part)
        elif isinstance(part, (Type, Field)) and id(part) not in looked_at:
            looked_at.add(id(part))
            parts.extend(getattr(part, name) for name in part.__struct_fields__)
            if isinstance(part, Type):
                found.append(part)
    return tuple(found)


# A service asks it of each of its types several times, and its types are few and mostly the same.
_remembered_parts = functools.lru_cache(maxsize=64)(_found_parts)
