"""MODULE:SERVICE, as it is typed."""

from __future__ import annotations

from localsocket.cli.exit_status import CommandFailed, ExitStatus


def check_target(target: str) -> tuple[str, str]:
    """Return the module and the name. Raises CommandFailed for what is not MODULE:SERVICE."""
    module, colon, name = target.partition(":")
    if not module or not colon or not name:
        raise CommandFailed(f"write MODULE:SERVICE, such as tutorial:service, not {target!r}", ExitStatus.USAGE)
    return module, name
