"""The names of Qt that are used here, from PySide6 or PyQt6: the one that the program has, else the one there is."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PySide6.QtCore import QObject, QSocketNotifier, QTimer, Signal
else:

    def _core() -> Any:
        """Return the module QtCore. `QT_API` chooses where the program has loaded neither."""
        names = ["PySide6", "PyQt6"]
        wanted = os.environ.get("QT_API", "").lower()
        names.sort(key=lambda name: (f"{name}.QtCore" not in sys.modules, name.lower() != wanted))
        for name in names:
            try:
                return importlib.import_module(f"{name}.QtCore")
            except ImportError as error:
                reason = error
        raise ImportError("localsocket.qt needs PySide6 or PyQt6: pip install 'localsocket[qt]'") from reason

    _qt = _core()
    QObject, QSocketNotifier, QTimer = _qt.QObject, _qt.QSocketNotifier, _qt.QTimer
    Signal = _qt.Signal if hasattr(_qt, "Signal") else _qt.pyqtSignal

_ENOUGH = 100_000
_kept: list[object] = []


def keep_constants() -> None:
    """Keep references to True and None in store before Python 3.12, since when they cannot run out.

    PySide6 6.12 gives one away, without having it, with each signal that is emitted and each notifier that is enabled;
    when none is left the interpreter aborts.
    """
    if sys.version_info < (3, 12):
        for constant in (True, False, None):
            if sys.getrefcount(constant) < _ENOUGH:
                _kept.extend([constant] * _ENOUGH)


__all__ = ["QObject", "QSocketNotifier", "QTimer", "Signal", "keep_constants"]
