"""`localsocket audit`: who may connect to what on this machine, and what is wrong with that."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from typing import Annotated

from localsocket.cli.declaring import Option
from localsocket.cli.exit_status import ExitStatus
from localsocket.cli.options import AsJson, owner_name
from localsocket.cli.output import print_json, print_piece, print_styled, print_table
from localsocket.cli.plain_text import escaped_json, one_line
from localsocket.tools.auditing import AuditedEndpoint, Objection, audited_endpoints

GROUP_OF_ADVICE = "localsocket.advice"
"""An entry point of this group is a function that returns the title and the repair of a reviewer's rule, by its id."""

_TITLES = ("endpoint", "owner", "mode", "in", "state", "may connect", "wrong")
_KIND = "kind"  # behind these, where not all are streams
_MOST_REPAIRS = 5  # of one rule
_SHORT = {
    "LS101": ("socket opened to the group or to everyone", "give the socket file mode 600, in a directory of mode 700"),
    "LS104": ("abstract name without a check of credentials", "serve at a name, or check who connects"),
    "LS105": ("path in a directory shared by all users", "serve in a private directory, or at a name"),
    "LS209": ("socket file left behind", "start the server again, or remove the file"),
}


def audit(
    mine: Annotated[bool, Option(help="Show only your own endpoints.")] = False,
    wrong: Annotated[bool, Option(help="Show only endpoints with a problem.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show every endpoint on this machine that you can see: who may connect, and what is wrong with that.

    The exit status is 1 if something is wrong with one of your own endpoints.
    Endpoints of others may be open on purpose, as the system bus is.
    Checks that a server makes itself, as ours do by default, cannot be seen from outside.
    """
    endpoints = audited_endpoints()
    own = [each for each in endpoints if each.found.uid == os.geteuid()]
    shown = [each for each in (own if mine else endpoints) if each.objections or not wrong]
    if as_json:
        print_json(escaped_json(json.dumps({"endpoints": [_told(each) for each in shown]}, ensure_ascii=False)))
    elif not shown:
        print_piece("nothing is wrong\n" if wrong else "no endpoints\n")
    else:
        kinds = [_KIND] if any(each.found.kind != "stream" for each in shown) else []
        styles = [["bold", *[""] * 5, "yellow" if each in own else "dim", *[""] * len(kinds)] for each in shown]
        rows = [_cells(each) + [each.found.kind for _ in kinds] for each in shown]
        print_table([*_TITLES, *kinds], rows, styles=styles)
        _print_rules([objection for each in shown for objection in each.objections])
    if any(each.objections for each in own):
        sys.exit(ExitStatus.FAILED)


def _print_rules(objections: Sequence[Objection]) -> None:
    """Print what each rule says that is named above, once, and where and how it is put right."""
    words = _reviewers_words()
    for rule in sorted({each.rule for each in objections}):
        title, repair = words(rule)
        print_styled("")
        print_styled(one_line(f"{rule}: {title}"), "bold")
        print_styled(one_line(f"  {repair}"))
        here = [each for each in objections if each.rule == rule]
        for each in here[:_MOST_REPAIRS]:
            print_styled(one_line(f"  - {each.said}: {each.repair}"))
        if len(here) > _MOST_REPAIRS:
            print_styled(f"  - and {len(here) - _MOST_REPAIRS} more; --json has them all")


def _reviewers_words() -> Callable[[str], tuple[str, str]]:
    for found in entry_points(group=GROUP_OF_ADVICE):
        words: Callable[[str], tuple[str, str]] = found.load()
        return words
    return _SHORT.__getitem__


def _cells(audited: AuditedEndpoint) -> list[str]:
    found = audited.found
    return [
        found.address,
        owner_name(found.uid) or "-",
        _octal(found.mode) or "-",
        _octal(audited.directory_mode) or "-",
        found.state.value,
        audited.may_connect,
        ", ".join(each.rule for each in audited.objections),
    ]


def _told(audited: AuditedEndpoint) -> dict[str, object]:
    found = audited.found
    return {
        "name": found.address,
        "path": found.path,
        "owner": owner_name(found.uid),
        "uid": found.uid,
        "pid": found.pid,
        "mode": _octal(found.mode),
        "directory_mode": _octal(audited.directory_mode),
        "state": found.state.value,
        "kind": found.kind,
        "may_connect": audited.may_connect,
        "ours": audited.is_ours,
        "wrong": [{"rule": each.rule, "said": each.said, "repair": each.repair} for each in audited.objections],
    }


def _octal(mode: int | None) -> str | None:
    return None if mode is None else f"{mode:04o}"


COMMANDS = {"audit": audit}
