"""A chat for everybody who is logged in as you, or whom you let in: a topic carries what is said.

python examples/chat.py serve       in one shell
python examples/chat.py ann         in another: type lines, and Ctrl-D to leave
python examples/chat.py joe         and in a third
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import localsocket

NAME = "demo.chat"


@dataclass
class Line:
    who: str
    text: str


class Chat(Protocol):
    def say(self, line: Line) -> None: ...
    def recent(self) -> list[Line]: ...


service = localsocket.Service(NAME)
said = service.topic("said", Line, policy="disconnect")  # nobody misses a line without knowing
lines: list[Line] = []
in_order = threading.Lock()


@service.method
def say(line: Line) -> None:
    with in_order:
        lines.append(line)
        del lines[:-100]
        said.publish_nowait(line)


@service.method
def recent() -> list[Line]:
    """Return what was said before somebody came."""
    return lines


def show(lines: Iterable[Line]) -> None:
    for line in lines:
        print(f"{line.who}: {line.text}", flush=True)


def follow(news: Iterable[Line]) -> None:
    with contextlib.suppress(localsocket.errors.CallCancelled):  # when the subscription is closed
        show(news)


def take_part(who: str) -> None:
    with localsocket.Client(NAME) as client:
        chat = client.typed(Chat)
        with client.subscribe("said", Line) as news:
            show(chat.recent())
            threading.Thread(target=follow, args=[news]).start()
            chat.say(Line(who, "(has come)"))
            for typed in sys.stdin:
                chat.say(Line(who, typed.rstrip()))
            chat.say(Line(who, "(has left)"))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            localsocket.run(service)
        case [who]:
            take_part(who)
        case _:
            sys.exit(__doc__)
