"""The command line: `localsocket` and `python -m localsocket`.

Nothing is loaded here that an interpreter has to look for: until main() has begun, Ctrl-C shows a traceback.
"""

import _signal  # type: ignore[import-not-found] # what `signal` is made of; that loads enum, which takes a while
import atexit
import gc
import os
import sys

_INTERRUPTED = 130


def end_at_once(*_: object) -> None:
    """End the program where nothing is under way that would have to be ended: a handler of SIGINT."""
    os._exit(_INTERRUPTED)


def main() -> None:
    """Run the command line, and end the program. Ctrl-C ends it with 130 and without a word, whatever is being done."""
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:  # and not ignored by who started this
        _signal.signal(_signal.SIGINT, end_at_once)
    gc.disable()  # modules are no garbage, and looking for some takes a tenth of a call; collect_from_here() is the end
    status: object = 0
    try:
        _run()
    except SystemExit as end:
        status = end.code
    _end_without_clearing_up(status)
    sys.exit(status)  # type: ignore[arg-type]


def collect_from_here() -> None:
    """Have garbage looked for from now on, where main() has put that off, and never among what was loaded so far."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def _run() -> None:
    if "_LOCALSOCKET_COMPLETE" in os.environ:
        from localsocket.cli.shell_completion import answer_shell

        answer_shell(sys.argv[1:])
    else:
        from localsocket.cli.app import run

        run(sys.argv[1:])


def _end_without_clearing_up(status: object) -> None:
    """End as the interpreter does, but leave all that was loaded to the system: to free it takes a tenth of a call.

    Returns where there is more to do: threads to wait for, output that cannot be written, a status that is a sentence.
    """
    if not isinstance(status, int) or _has_other_threads():
        return
    atexit._run_exitfuncs()
    try:
        print(end="", flush=True)
        print(end="", file=sys.stderr, flush=True)
    except (OSError, ValueError):  # nobody reads it, or it is closed
        return
    os._exit(status)


def _has_other_threads() -> bool:
    threading = sys.modules.get("threading")
    return threading is not None and any(
        not each.daemon for each in threading.enumerate() if each is not threading.main_thread()
    )
