"""A host of plug-ins: each is a child process on a socket that it inherits, and both call each other.

Run it: python examples/plugin_host.py
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Protocol

import localsocket

PLUGIN = Path(__file__).with_name("plugin.py")


class Plugin(Protocol):
    def shout(self, text: str) -> str: ...


def main() -> None:
    host, lines, is_ready = localsocket.Service("demo.host"), list[str](), threading.Event()

    @host.method
    def log(line: str) -> None:
        lines.append(line)

    @host.method
    def ready() -> None:
        lines.append("ready")
        is_ready.set()

    with localsocket.spawn([sys.executable, PLUGIN], serves=host) as child:
        plugin = child.client.typed(Plugin)
        print(plugin.shout("hello"))
        is_ready.wait(30)  # it may take longer to start than to answer
    for line in sorted(lines):
        print("the plug-in says:", line)
    print("exit status", child.process.returncode)


if __name__ == "__main__":
    main()
