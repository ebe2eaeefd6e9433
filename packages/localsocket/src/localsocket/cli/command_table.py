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
        "list": _Entry("listing", "List the servers here: who owns each, who may connect, live or stale."),
        "describe": _Entry("describing", "Show what a service offers."),
        "call": _Entry("calling", "Call a method."),
        "subscribe": _Entry("calling", "Print what is published on a topic."),
    },
    "Serve": {
        "serve": _Entry("serving", "Serve a service from a module."),
        "bridge": _Entry("bridging", "Serve a local service to other machines, or one of theirs here."),
        "mcp": _Entry("mcp_command", "Serve a service as tools for an AI assistant."),
        "stub": _Entry("stubbing", "Write a Python module with the types and methods of a service."),
    },
    "Watch": {
        "ping": _Entry("service_numbers", "Check whether a service answers, and how fast."),
        "stats": _Entry("service_numbers", "Show what a service has done: calls, errors, latencies."),
        "top": _Entry("top", "Show what all your services are doing, live."),
        "monitor": _Entry("monitoring", "Print the calls of a service as they happen."),
        "audit": _Entry("audit_command", "Show who may connect to what on this machine, and what is wrong."),
    },
    "Bytes and measurements": {
        "cat": _Entry("catting", "Copy bytes between a socket and standard input and output."),
        "exchange": _Entry("measuring", "Measure an exchange of data."),
        "pingpong": _Entry("measuring", "Measure single bytes going back and forth."),
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
