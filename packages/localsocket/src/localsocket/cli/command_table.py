"""The commands by name, in order of use. Nothing of a command is loaded before its name was typed."""

from __future__ import annotations

import importlib
from typing import NamedTuple

from localsocket.cli.commands_of_packages import summaries_of_packages
from localsocket.cli.declaring import Command
from localsocket.cli.typed_words import HELP


class _Entry(NamedTuple):
    module: str
    summary: str


GROUPS: dict[str, dict[str, _Entry]] = {
    "Use services": {
        "list": _Entry("listing", "The endpoints that are here: whose, how open, live or stale."),
        "describe": _Entry("describing", "What a service offers."),
        "call": _Entry("calling", "Call a method."),
        "subscribe": _Entry("calling", "What is published on a topic."),
    },
    "Serve": {
        "serve": _Entry("serving", "Serve a service of a module."),
        "bridge": _Entry("bridging", "A service for other machines, or one of theirs under a local name."),
        "mcp": _Entry("mcp_command", "Serve a service as tools for an AI assistant."),
        "stub": _Entry("stubbing", "A Python module with the types and methods of a service."),
    },
    "Watch": {
        "ping": _Entry("service_numbers", "Whether a service answers, and how fast."),
        "stats": _Entry("service_numbers", "What a service has done: calls, errors, latencies."),
        "top": _Entry("top", "What all your services are doing, again and again."),
        "monitor": _Entry("monitoring", "The calls of a service as they happen."),
        "audit": _Entry("audit_command", "Who may connect to what on this machine, and what is wrong with that."),
    },
    "Bytes and measurements": {
        "cat": _Entry("catting", "Bytes between a socket and the standard input and output."),
        "exchange": _Entry("measuring", "Measure: chunks of data that come back."),
        "pingpong": _Entry("measuring", "Measure: single bytes, back and forth."),
    },
}
COMMANDS = {name: entry for group in GROUPS.values() for name, entry in group.items()}


def command_of(name: str) -> Command | None:
    """Return a command of ours, which is loaded for that."""
    if (entry := COMMANDS.get(name)) is None:
        return None
    module = importlib.import_module(f"localsocket.cli.{entry.module}")
    return Command.of(name, module.COMMANDS[name])


def top_words() -> list[str]:
    """Return what may be typed first."""
    return [*COMMANDS, *(name for name, _ in summaries_of_packages(COMMANDS)), "--version", "--completion", *HELP]
