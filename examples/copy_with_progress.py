"""A copy that tells how far it is, and that can be given up: a stream, whose end is noticed where it is made.

    python examples/copy_with_progress.py FROM TO

Ctrl-C gives it up, and the service removes what it had copied so far.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import localsocket
from localsocket import Progress

NAME = "demo.copying"
PIECE = 1 << 20

service = localsocket.Service(NAME)


@service.method
def copy(source: Path, target: Path) -> Iterator[Progress]:
    """Copy a file, telling how many bytes are there."""
    total, done = source.stat().st_size, 0
    part = target.with_name(f"{target.name}.part")
    try:
        # localsocket: ignore[LS109] only its own user may call, who can copy files anyway
        with source.open("rb") as reading, part.open("wb") as writing:
            while piece := reading.read(PIECE):
                writing.write(piece)
                done += len(piece)
                yield Progress(done, total, source.name)
        part.rename(target)
    finally:  # also where the caller has had enough
        part.unlink(missing_ok=True)


def main(source: Path, target: Path) -> None:
    with (
        localsocket.ServerThread(NAME, service),
        localsocket.Client(NAME) as client,
        client.stream("copy", source, target, prefetch=1) as told,  # never further than what is shown
    ):
        for progress in told:
            print(f"\r{progress['text']}: {progress['done'] / progress['total']:.0%}", end="", flush=True)
    print()


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
    except KeyboardInterrupt:
        sys.exit("\ngiven up")
    except IndexError:
        sys.exit(__doc__)
