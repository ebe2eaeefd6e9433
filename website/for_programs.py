"""llms.txt, a list of the pages, and llms-full.txt, all of them in one: for programs that read. See llmstxt.org."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from website.navigation import Entry, files_in
from website.reference import PAGES, public_names

_TITLE = re.compile(r"^# (?P<title>.+)$", re.MULTILINE)
_SENTENCE = re.compile(r"\A.+?[.:](?=\s|\Z)", re.DOTALL)


def write_for_programs(navigation: list[Entry], pages: Path, site: Path) -> None:
    """Write both files into `site`, in the order in which the site's navigation has the pages."""
    front = (pages / "index.md").read_text(encoding="utf-8")
    lines = [f"# {_title(front)}", "", f"> {_summary(front)}"]
    whole = []
    for section in navigation:
        lines += ["", f"## {', '.join(section)}", ""]
        for name in files_in([section]):
            text = _page_of_reference(name) or (pages / name).read_text(encoding="utf-8")
            lines.append(f"- [{_title(text)}]({_address(name)}): {_summary(text)}")
            whole.append(text)
    (site / "llms.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (site / "llms-full.txt").write_text("\n\n".join(whole), encoding="utf-8")


def _address(name: str) -> str:
    """Return where the site has the page, relative to its front page."""
    return "./" if name == "index.md" else name.removesuffix(".md").removesuffix("/index") + "/"


def _title(text: str) -> str:
    found = _TITLE.search(text)
    return found["title"] if found else ""


def _summary(text: str) -> str:
    """Return the first sentence below the title."""
    paragraphs = text.partition("\n\n")[2].split("\n\n")
    prose = next((each for each in paragraphs if each.strip() and each.lstrip()[0].isalnum()), "")
    found = _SENTENCE.match(prose)
    return " ".join((found[0] if found else prose).split())


def _page_of_reference(name: str) -> str | None:
    """Return the page as text, made of the docstrings; None for a page that is written."""
    page = next((page for page in PAGES if name == f"reference/{page.module}.md"), None)
    if page is None:
        return None
    module = importlib.import_module(page.module)
    parts = [f"# {page.title}", inspect.getdoc(module) or ""]
    for public in public_names(module):
        parts += _described(f"{page.module}.{public}", getattr(module, public))
    return "\n\n".join(parts)


def _described(name: str, value: object) -> Iterator[str]:
    yield f"## {name}{_signature(value)}"
    if inspect.isclass(value) or callable(value):
        yield inspect.getdoc(value) or ""
    if inspect.isclass(value):
        for member, function in inspect.getmembers(value):
            if not member.startswith("_") and (documented := inspect.getdoc(function)):
                yield f"### {name}.{member}{_signature(function)}\n\n{documented}"


def _signature(value: object) -> str:
    try:
        return str(inspect.signature(value)) if callable(value) else ""
    except ValueError:
        return ""
