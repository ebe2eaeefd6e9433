"""`localsocket monitor`: the calls of a service as they happen."""

from __future__ import annotations

import time
from typing import Annotated, Any

from localsocket.cli.declaring import Option
from localsocket.cli.exit_status import complain
from localsocket.cli.options import Address, Allow, AnyUser, AsJson, Timeout, Wait, client_of, owner_name
from localsocket.cli.output import print_json, print_styled
from localsocket.cli.plain_text import json_text, one_line
from localsocket.cli.units import duration
from localsocket.errors import ClosedByPeer, EndOfStream

_STYLES = {"ok": "green", "error": "red", "refused": "yellow", "cancelled": "yellow", "late": "yellow"}


def monitor(
    name: Address,
    arguments: Annotated[bool, Option(help="Also show the arguments, which may be secret.")] = False,
    begins: Annotated[bool, Option(help="Also print a line when a call begins, not only when it ends.")] = False,
    method: Annotated[str, Option(metavar="METHOD", help="Only the calls of this method.")] = "",
    timeout: Timeout = None,
    wait: Wait = False,
    any_user: AnyUser = False,
    allow: Allow = "",
    as_json: AsJson = False,
) -> None:
    """Print the calls of one of your services as they happen, one per line, until interrupted.

    With --wait it waits for a server that has not started yet, and for the next one when this one has gone.
    """
    while True:
        try:
            with (
                client_of(name, timeout, wait, any_user, allow) as client,
                client.stream("localsocket.monitor", arguments=arguments) as events,
            ):
                watcher = _Watcher(method, begins=begins, as_json=as_json)
                for event in events:
                    watcher.show(event)
        except (ClosedByPeer, EndOfStream):
            if not wait:
                raise
            complain(f"the server at {name!r} has gone; waiting for the next one")


class _Watcher:
    def __init__(self, method: str, *, begins: bool, as_json: bool) -> None:
        self._method = method
        self._begins = begins
        self._as_json = as_json
        self._last: int | None = None

    def show(self, event: dict[str, Any]) -> None:
        if self._last is not None and (missed := event["sequence"] - self._last - 1) > 0:
            complain(f"{missed} events were missed: they came faster than they could be shown")
        self._last = event["sequence"]
        is_wanted = event["event"] == "end" or (self._begins and event["event"] == "begin")
        if not is_wanted or (self._method and event["method"] != self._method):
            return
        if self._as_json:
            print_json(json_text(event))
        else:
            print_styled(one_line(_line(event)), _STYLES.get(event["outcome"], ""))


def _line(event: dict[str, Any]) -> str:
    clock = time.strftime("%H:%M:%S", time.localtime(event["time"]))
    thousandths = int(event["time"] % 1 * 1000)
    who = f"{owner_name(event['uid']) if event['uid'] >= 0 else '?'}/{event['pid'] or '?'}"
    called = f"{event['method']}({event['arguments']})" if event["arguments"] else event["method"]
    if event["event"] == "begin":
        ending = "begins"
    else:
        ending = f"{duration(event['duration'])} {event['outcome']}{' ' if event['error'] else ''}{event['error']}"
    return f"{clock}.{thousandths:03} {who} {called} {ending}"


COMMANDS = {"monitor": monitor}
