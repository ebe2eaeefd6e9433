"""Which methods of an object a service takes over."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from localsocket.errors import UnsuitableMethod


def public_methods(instance: object) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the public methods of an object, bound to it, by name. Raises UnsuitableMethod where there are none.

    Which they are is read off its class, so that no property is computed and no __getattr__ asked.
    """
    if inspect.isclass(instance):
        raise UnsuitableMethod(
            instance.__name__, f"it is a class, but its methods need an object: add({instance.__name__}(...))"
        )
    names = [
        name
        for name in dict.fromkeys(name for base in reversed(type(instance).__mro__) for name in vars(base))
        if not name.startswith("_") and inspect.isroutine(inspect.getattr_static(type(instance), name))
    ]
    if not names:
        raise UnsuitableMethod(type(instance).__name__, f"{instance!r} has no public methods that could be called")
    for name in names:
        yield name, getattr(instance, name)
