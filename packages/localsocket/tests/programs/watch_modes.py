"""Listen many times under umask 0 while another process looks at the files without pause; tell each mode it saw.

That goes on until it has seen those that are there all the while, which takes longer where both share a processor.
"""

from __future__ import annotations

import contextlib
import os
import select
import stat
import sys

from common import tell

from localsocket import listen

SOCKET, NEW, LOCK = "x.sock", ".x.sock.new", ".x.sock.lock"


def watch(directory: str, has_seen: int) -> dict[str, list[str]]:
    """Look until the directory is gone."""
    seen: dict[str, set[str]] = {name: set() for name in (SOCKET, NEW, LOCK)}
    paths = [(name, os.path.join(directory, name)) for name in seen]
    while os.path.exists(directory):
        if has_seen >= 0 and seen[SOCKET] and seen[LOCK]:
            os.close(has_seen)
            has_seen = -1
        for name, path in paths:
            with contextlib.suppress(FileNotFoundError):
                seen[name].add(f"{stat.S_IMODE(os.lstat(path).st_mode):03o}")
    return {name: sorted(modes) for name, modes in seen.items()}


def main() -> None:
    directory, count = sys.argv[1], int(sys.argv[2])
    os.umask(0)
    os.mkdir(directory, 0o755)
    seeing, has_seen = os.pipe()
    watcher = os.fork()
    if not watcher:
        tell(watch(directory, has_seen))
        return
    os.close(has_seen)
    while count > 0 or not select.select([seeing], [], [], 0)[0]:
        listen(os.path.join(directory, SOCKET)).close()
        count -= 1
    os.rmdir(directory)
    _, status = os.waitpid(watcher, 0)
    assert status == 0, "the watcher failed"


if __name__ == "__main__":
    main()
