"""Listen many times under umask 0 while another process looks at the files without pause; tell each mode it saw."""

from __future__ import annotations

import contextlib
import os
import stat
import sys

from common import tell

from localsocket import listen


def watch(directory: str, names: list[str]) -> dict[str, list[str]]:
    """Look until the directory is gone."""
    seen: dict[str, set[str]] = {name: set() for name in names}
    paths = [(name, os.path.join(directory, name)) for name in names]
    while os.path.exists(directory):
        for name, path in paths:
            with contextlib.suppress(FileNotFoundError):
                seen[name].add(f"{stat.S_IMODE(os.lstat(path).st_mode):03o}")
    return {name: sorted(modes) for name, modes in seen.items()}


def main() -> None:
    directory, count = sys.argv[1], int(sys.argv[2])
    os.umask(0)
    os.mkdir(directory, 0o755)
    watcher = os.fork()
    if not watcher:
        tell(watch(directory, ["x.sock", ".x.sock.new", ".x.sock.lock"]))
        return
    for _ in range(count):
        listen(os.path.join(directory, "x.sock")).close()
    os.rmdir(directory)
    _, status = os.waitpid(watcher, 0)
    assert status == 0, "the watcher failed"


if __name__ == "__main__":
    main()
