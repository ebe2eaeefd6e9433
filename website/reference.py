"""The pages of the reference: one for each module that users import, with every public name of it."""

from __future__ import annotations

import importlib
import types
from pathlib import Path
from typing import NamedTuple


class ReferencePage(NamedTuple):
    module: str
    title: str


PAGES = (
    ReferencePage("localsocket", "Services, clients, sockets and servers"),
    ReferencePage("localsocket.aio", "asyncio"),
    ReferencePage("localsocket.anyio", "anyio and trio"),
    ReferencePage("localsocket.bridges.nats", "NATS"),
    ReferencePage("localsocket.errors", "Errors"),
    ReferencePage("localsocket.qt", "Qt"),
    ReferencePage("localsocket.testing", "Testing"),
    ReferencePage("localsocket.otel", "OpenTelemetry"),
)


def write_reference(folder: Path) -> None:
    """Write the pages, whose directives the builder replaces with what the docstrings say."""
    folder.mkdir(parents=True, exist_ok=True)
    for page in PAGES:
        module = importlib.import_module(page.module)
        blocks = [f"::: {page.module}.{name}" for name in public_names(module)]
        text = "\n\n".join([f"# {page.title}", f"`{page.module}`: {first_line(module)}", *blocks])
        (folder / f"{page.module}.md").write_text(text + "\n", encoding="utf-8")


def public_names(module: types.ModuleType) -> list[str]:
    """Return what the module gives its users; other modules have pages of their own."""
    names = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    ]
    return sorted(name for name in names if not isinstance(getattr(module, name), types.ModuleType))


def first_line(documented: object) -> str:
    return (documented.__doc__ or "").strip().partition("\n")[0]
