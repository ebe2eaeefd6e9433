"""Commands that other packages bring: an entry point of the group `localsocket.commands` names what is called for one.

A Typer app is such a thing, and a command of Click: it takes `args` and `prog_name`. It is looked up when its name is
typed, or when help lists the commands: the others need not wait for it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from localsocket.cli.exit_status import WrongUsage, interruptible

GROUP = "localsocket.commands"

# Commands that we know of, and what brings them; anyone else's package may add its own.
_BROUGHT_BY = {"review": ("localsocket[review]", "Review code that uses local sockets.")}


def summaries_of_packages(own: Collection[str]) -> list[tuple[str, str]]:
    """Return the commands that packages bring, and those that they could, each with what it is."""
    from importlib.metadata import entry_points

    brought = {}
    for found in entry_points(group=GROUP):
        brought[found.name] = f"From the package {found.dist.name}." if found.dist else "Of another package."
    known = {
        name: summary if name in brought else f"{summary} Needs another package: {package}."
        for name, (package, summary) in _BROUGHT_BY.items()
    }
    return sorted((name, told) for name, told in {**brought, **known}.items() if name not in own)


def try_command_of_package(name: str, words: Sequence[str]) -> bool:
    """Run the command of a package with what stands behind its name; return False where there is none."""
    from importlib.metadata import entry_points

    for found in entry_points(group=GROUP, name=name):
        command = found.load()
        with interruptible():
            command(args=list(words), prog_name=f"localsocket {name}")
        return True
    if name in _BROUGHT_BY:
        package, _ = _BROUGHT_BY[name]
        raise WrongUsage(f"the command {name!r} needs another package: pip install '{package}'")
    return False
