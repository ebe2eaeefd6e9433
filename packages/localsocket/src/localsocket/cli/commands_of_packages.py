"""Commands that other packages bring: an entry point of the group `localsocket.commands` names a Typer app.

It is looked up when its name is typed, or when help lists the commands: the others need not wait for it.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

import typer
from typer.core import TyperCommand, TyperGroup

from localsocket.cli.exit_status import ExitStatus, complain

GROUP = "localsocket.commands"

# Commands that we know of, and what brings them; anyone else's package may add its own.
_BROUGHT_BY = {"review": "localsocket[review]"}


class CommandsOfPackages(TyperGroup):
    """The commands of this package, and those that installed packages add under names of their own."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override] # of Click, which Typer brings
        added = {*_BROUGHT_BY, *(found.name for found in entry_points(group=GROUP))}
        own = super().list_commands(ctx)
        return [*own, *sorted(added - set(own))]

    def get_command(self, ctx: typer.Context, cmd_name: str) -> object:  # type: ignore[override]
        if own := super().get_command(ctx, cmd_name):
            return own
        for found in entry_points(group=GROUP, name=cmd_name):
            return _loaded(found)
        return _missing(cmd_name, _BROUGHT_BY[cmd_name]) if cmd_name in _BROUGHT_BY else None


def _loaded(found: EntryPoint) -> object:
    command = typer.main.get_command(found.load())
    command.name = found.name
    return command


def _missing(name: str, package: str) -> TyperCommand:
    """Return a command that says what to install, whatever it is given."""
    app = typer.Typer(add_completion=False)
    anything = {"allow_extra_args": True, "ignore_unknown_options": True}

    @app.command(name, context_settings=anything, add_help_option=False, help=f"Needs another package: {package}.")
    def say_what_to_install() -> None:
        complain(f"the command {name!r} needs another package: pip install '{package}'")
        raise typer.Exit(ExitStatus.USAGE)

    command = typer.main.get_command(app)
    assert isinstance(command, TyperCommand)
    return command
