"""A window of tkinter that follows a job of a service. What waits does so in threads, and Tk is told through a pipe.

python examples/tk_jobs.py         # a window, with a service of its own in a thread
python examples/tk_jobs.py --once  # starts the job by itself, prints what the window shows at the end, and ends
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
import tkinter
from collections.abc import Callable, Iterator
from tkinter import ttk
from typing import Any

import localsocket

NAME = "demo.tk-jobs"


class IntoTk:
    """Has functions called in Tk's thread, which other threads must not touch; without looking again and again."""

    def __init__(self, root: tkinter.Tk) -> None:
        self._jobs: queue.SimpleQueue[tuple[Callable[..., object], tuple[Any, ...]]] = queue.SimpleQueue()
        self._bell, self._button = os.pipe()
        root.createfilehandler(self._bell, tkinter.READABLE, self._run)

    def call(self, function: Callable[..., object], *arguments: Any) -> None:
        """Call it in Tk's thread; any thread may ask for that."""
        self._jobs.put((function, arguments))
        os.write(self._button, b"\0")

    def _run(self, *_: object) -> None:
        os.read(self._bell, 1)
        function, arguments = self._jobs.get()
        function(*arguments)


class Window:
    def __init__(self, root: tkinter.Tk, client: localsocket.Client) -> None:
        self._client = client
        self._into_tk = IntoTk(root)
        self.state = tkinter.StringVar(value="nothing to do")
        self.percent = tkinter.IntVar()
        ttk.Label(root, textvariable=self.state).pack(padx=20, pady=8)
        ttk.Progressbar(root, variable=self.percent, length=300).pack(padx=20)
        self.start = ttk.Button(root, text="Start", command=self.start_job)
        self.start.pack(pady=8)
        self.on_end: Callable[[], object] = lambda: None

    def start_job(self) -> None:
        self.start.state(["disabled"])
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        """In a thread of its own: a client may be used from any, and waits there."""
        try:
            for percent in self._client.stream("build", "demo", timeout=60):
                self._into_tk.call(self.percent.set, percent)
            self._into_tk.call(self._end, "done")
        except localsocket.errors.LocalSocketError as error:
            self._into_tk.call(self._end, f"failed: {error}")

    def _end(self, how: str) -> None:
        self.state.set(how)
        self.start.state(["!disabled"])
        self.on_end()


def main() -> None:
    service = localsocket.Service(NAME)
    is_once = "--once" in sys.argv

    @service.method
    def build(target: str) -> Iterator[int]:
        for percent in range(0, 101, 5):
            yield percent
            time.sleep(0 if is_once else 0.1)

    with localsocket.ServerThread(NAME, service), localsocket.Client(NAME) as client:
        root = tkinter.Tk()
        root.title("Jobs")
        window = Window(root, client)
        if is_once:
            window.on_end = root.quit
            root.after_idle(window.start_job)
        root.mainloop()
        print(window.state.get(), window.percent.get())


if __name__ == "__main__":
    main()
