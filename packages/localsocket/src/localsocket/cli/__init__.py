"""The command line: `localsocket` and `python -m localsocket`."""

from __future__ import annotations

import gc
import os
import signal
import sys

_INTERRUPTED = 130


def end_at_once(*_: object) -> None:
    """End the program where nothing is under way that would have to be ended: a handler of SIGINT."""
    os._exit(_INTERRUPTED)


def main() -> None:
    """Run the command line. Ctrl-C ends it with 130 at any moment, while modules are loaded and at the exit too."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # and not ignored by who started this
        signal.signal(signal.SIGINT, end_at_once)
    gc.disable()  # modules are no garbage, and looking for some takes a tenth of a call; collect_from_here() is the end
    if "_LOCALSOCKET_COMPLETE" in os.environ:
        from localsocket.cli.shell_completion import answer_shell

        answer_shell(sys.argv[1:])
        gc.freeze()  # else the interpreter looks for garbage among all of that before it ends
    else:
        from localsocket.cli.app import run

        run(sys.argv[1:])


def collect_from_here() -> None:
    """Have garbage looked for from now on, where main() has put that off, and never among what was loaded so far."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
