"""Looks for bytes that break a promise of promises.py: anything but PeerBrokeProtocol comes out of them, say.

    pip install atheris
    python tests/fuzz/fuzz_wire.py FOLDER --seconds 600

It looks for bytes that reach lines of `localsocket` in ways not seen before, and begins with right conversations. What
leads on is kept in FOLDER, to begin with the next time. Bytes that break a promise are written to a file `crash-...` in
the working directory; `python tests/fuzz/fuzz_wire.py crash-...` tries them again.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["localsocket"]):
    from promises import conversations, try_promise

LONGEST = 8192


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="how long to look (60)")
    parser.add_argument("path", type=Path, help="a folder of what was found, or a file to try again")
    given = parser.parse_args()
    if given.path.is_file():
        try_promise(given.path.read_bytes())
        print("every promise was kept")
        return
    given.path.mkdir(parents=True, exist_ok=True)
    for number, conversation in enumerate(conversations()):
        (given.path / f"right-{number}").write_bytes(conversation)
    options = [f"-max_total_time={given.seconds}", f"-max_len={LONGEST}", "-timeout=60", "-report_slow_units=3600"]
    atheris.Setup([sys.argv[0], *options, str(given.path)], try_promise)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
