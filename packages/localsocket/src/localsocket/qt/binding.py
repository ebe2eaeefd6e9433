"""Qt as it is used here, by PySide6, which is not loaded before the first client is made.

PyQt6 is refused. While Qt destroys an object in one thread, without the interpreter's lock, Python's garbage collector
may come to it in another, and PyQt6 then looks into what is half destroyed: one run of its tests in seventy crashed so.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

QtObject: TypeAlias = Any
"""An object of Qt; what it is, and whether its types are known, depends on the binding."""


class Signal(Protocol):
    """A signal of Qt, bound to the object that emits it."""

    def connect(self, slot: Callable[..., object], /) -> object: ...

    def disconnect(self, slot: Callable[..., object], /) -> object: ...

    def emit(self, *what: Any) -> None: ...


@functools.cache
def qt_core() -> Any:
    """Return the module PySide6.QtCore. Raises ImportError where there is none, or one that would crash."""
    if "PyQt6.QtCore" in sys.modules:
        raise ImportError("localsocket.qt works only with PySide6, but this program has loaded PyQt6: see docs/gui.md")
    try:
        core = importlib.import_module("PySide6.QtCore")
    except ImportError as error:
        raise ImportError("localsocket.qt needs PySide6: pip install 'localsocket[qt]'") from error
    _check_counts(core)
    return core


def _check_counts(core: Any) -> None:
    """Refuse a binding that gives references to None away, as wheels do that the headers of Python 3.12 have built.

    Before 3.12, since when None is not counted, the interpreter aborts after some thousand calls of Qt, whoever makes
    them: PySide6 6.12.0 under Python 3.11 does.
    """
    if sys.version_info >= (3, 12):
        return
    calls = 100
    made, before = core.QObject(), sys.getrefcount(None)
    for _ in range(calls):
        made.setObjectName("")
    if before - sys.getrefcount(None) > calls // 2:
        raise ImportError(
            f"{core.__name__} of Qt {core.qVersion()} gives away a reference to None with each call, "
            f"until Python {sys.version_info.major}.{sys.version_info.minor} aborts: "
            "use PySide6-Essentials<6.12, or Python 3.12 or newer"
        )


@functools.cache
def kind_of_object(name: str, **signals: int) -> type[QtObject]:
    """Return a class of QObject that has these signals, each with so many arguments."""
    core = qt_core()
    attributes = {each: core.Signal(*[object] * count) for each, count in signals.items()}
    kind: type[QtObject] = type(core.QObject)(name, (core.QObject,), {"__module__": __name__, **attributes})
    return kind
