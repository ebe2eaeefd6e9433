"""A program that is there once: started again, it hands its files to the copy that runs, and ends.

python examples/one_window.py diary.txt        in one shell: it goes on until Ctrl-D
python examples/one_window.py a.txt b.txt      in another: the first one opens these
"""

from __future__ import annotations

import sys
from pathlib import Path

import localsocket


def open_files(start: localsocket.Start) -> int:
    """Open what a copy was started with; what is returned is its exit status."""
    missing = 0
    for name in start.arguments:
        path = Path(start.directory, name)  # of the other copy, which may be somewhere else
        if path.is_file():
            print(f"opening {path.name}: {len(path.read_bytes())} bytes", flush=True)
        else:
            print(f"there is no {path.name}", flush=True)
            missing += 1
    return min(missing, 1)


def main() -> None:
    with localsocket.SingleInstance("demo.one-window", on_start=open_files):
        # Only the first copy comes here.
        open_files(localsocket.Start(sys.argv[1:], str(Path.cwd()), {}))
        sys.stdin.read()


if __name__ == "__main__":
    main()
