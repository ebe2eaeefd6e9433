"""The command line: `localsocket-review`, `python -m localsocket_review`, and `localsocket review` where both are.

Nothing is loaded here that an interpreter has to look for: until main() has begun, Ctrl-C shows a traceback.
"""

import _signal  # type: ignore[import-not-found] # what `signal` is made of; that loads enum, which takes a while
import os

INTERRUPTED = 130


def end_at_once(*_: object) -> None:
    """End the program where nothing is under way that would have to be ended: a handler of SIGINT."""
    os._exit(INTERRUPTED)


def main() -> None:
    """Run the command line. Ctrl-C ends it with 130 at any moment, while modules are loaded and at the exit too."""
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:  # and not ignored by who started this
        _signal.signal(_signal.SIGINT, end_at_once)
    from localsocket_review.cli.app import app

    app(prog_name="localsocket-review")
