"""The one object of Qt that stands behind a client, and when it comes and goes.

Qt's objects belong to one thread, and are destroyed there; Python's garbage collector comes to objects in whichever
thread it runs. So none of ours belongs to Python: the owner is a child of what dispatches the events of its thread, and
lives as long as that, and all others are children of the owner. The client that a program holds is Python's alone, and
only asks for the owner's end. Each is destroyed by deleteLater(), from the event loop, and so never while a signal of
it is on its way, whatever a slot closes or destroys, such as the window that the client is for.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable

from localsocket.qt.binding import QtObject, Signal, kind_of_object, qt_core

_owners: set[Owner] = set()
"""Those whose object Qt has still to destroy."""


class Owner:
    """An object of Qt with the client's signals. `on_end` is called once, in its thread, when it is over.

    That is when end() is called, when Qt destroys `parent`, or what dispatches the events of this thread.
    """

    def __init__(self, parent: QtObject | None, on_end: Callable[[], object]) -> None:
        core = qt_core()
        self._thread = threading.get_ident()
        _check_thread_tells_qt_its_end(self._thread)
        # Kept: PySide6 gives the children of an object that nobody knows back to Python.
        self._dispatcher = core.QAbstractEventDispatcher.instance()
        if self._dispatcher is None:
            raise RuntimeError("Qt dispatches no events in this thread: create the QApplication before the client")
        if not (parent is None or parent.thread() == self._dispatcher.thread()):
            raise RuntimeError(f"{parent!r} lives in another thread: create the client in its parent's thread")
        self.object: QtObject = kind_of_object("Client", connected=0, disconnected=1)(self._dispatcher)
        self.is_over = False
        self._on_end = on_end
        self.object.destroyed.connect(lambda: self._object_destroyed())
        _owners.add(self)
        if parent is not None:
            this = weakref.ref(self)
            parent.destroyed.connect(lambda: _end(this))

    def check_thread(self) -> None:
        """Refuse other threads than the one whose events bring what comes. Raises RuntimeError."""
        if threading.get_ident() != self._thread:
            raise RuntimeError(
                "a client in Qt can only be used in the thread that created it: emit a signal to an object that lives "
                "there, or use localsocket.Client, which any thread may call"
            )

    def check_not_over(self) -> None:
        """Raises RuntimeError once its signals are gone."""
        if self.is_over:
            raise RuntimeError("this client has ended with its parent, or with the event loop of its thread")

    def end_with(self, holder: object) -> None:
        """Be over soon after Python has forgotten `holder`, in whichever thread that may be."""
        weakref.finalize(holder, _delete_later, self.object).atexit = False

    def end(self) -> None:
        """Be over now, and destroyed when control is back in the event loop."""
        if not self.is_over:
            self.is_over = True
            self._on_end()
            _delete_later(self.object)

    def child(self, kind: type[QtObject], *arguments: object) -> QtObject:
        return kind(*arguments, self.object)

    def timer(self, function: Callable[[], object]) -> QtObject:
        """Return a timer that calls once what it is started for."""
        timer = self.child(qt_core().QTimer)
        timer.setSingleShot(True)
        # A function that Qt keeps: of a method it keeps a weak reference, which may be taken for another object's.
        timer.timeout.connect(lambda: None if self.is_over else function())
        return timer

    def signal(self, name: str) -> Signal:
        self.check_not_over()
        signal: Signal = getattr(self.object, name)
        return signal

    def _object_destroyed(self) -> None:
        _owners.discard(self)
        if not self.is_over:
            self.is_over = True
            self._on_end()


def _check_thread_tells_qt_its_end(ident: int) -> None:
    """Refuse Python's own threads. Raises RuntimeError.

    Qt destroys what lives in one when the system has ended it already, and has to ask for the interpreter then: which
    aborts if it is just ending itself. The main thread and a QThread destroy all of it while they are alive.
    """
    of_python = [each for each in threading.enumerate() if not isinstance(each, threading._DummyThread)]
    for thread in of_python:
        if thread.ident == ident and thread is not threading.main_thread():
            raise RuntimeError(
                f"{thread.name!r} is a Python thread, which does not tell Qt in time when it ends: create the client "
                "in the QApplication's thread or in a QThread, or use localsocket.Client, which any thread may call"
            )


def _end(owner: weakref.ref[Owner]) -> None:
    if (alive := owner()) is not None:
        alive.end()


def _delete_later(made: QtObject) -> None:
    with contextlib.suppress(RuntimeError):  # Qt has destroyed it already, with the events of its thread
        made.deleteLater()
