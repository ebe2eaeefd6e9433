"""Builds the documentation site, into build/site of the repository; what the builder warns of is an error.

The pages are those of docs/, with the README in front. The reference is made of the docstrings of every public name.
llms.txt and llms-full.txt are the same pages for programs that read them.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from website.for_programs import write_for_programs
from website.navigation import Entry, files_in, read_navigation
from website.pages import Pages
from website.reference import write_reference

ROOT = Path(__file__).resolve().parent.parent
CONFIGURATION = Path(__file__).parent / "zensical.toml"
_STYLE = Path(__file__).parent / "site.css"
_BUILD = ROOT / "build"
_STAGED = _BUILD / "pages"
_SITE = _BUILD / "site"


def main() -> int:
    navigation = read_navigation(CONFIGURATION)
    shutil.rmtree(_STAGED, ignore_errors=True)
    Pages(ROOT, _STAGED).write()
    write_reference(_STAGED / "reference")
    shutil.copyfile(_STYLE, _STAGED / _STYLE.name)
    if lost := lost_pages(navigation, _STAGED, _STAGED.rglob("*")):
        print(f"no way leads to {', '.join(lost)}: add them to nav in {CONFIGURATION.name}", file=sys.stderr)
        return 1
    # Beside the pages: the builder takes every path for one that is relative to the file with its settings.
    settings = _BUILD / CONFIGURATION.name
    shutil.copyfile(CONFIGURATION, settings)
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict", "-f", str(settings)]
    if status := subprocess.run(command, check=False).returncode:
        return status
    write_for_programs(navigation, _STAGED, _SITE)
    print(f"{_SITE.relative_to(ROOT)}: {len(list(_SITE.rglob('*.html')))} pages")
    return 0


def lost_pages(navigation: list[Entry], staged: Path, files: Iterable[Path]) -> list[str]:
    """Return the pages among the files that the navigation has not; a rule's is reached from the list of all rules."""
    reached = set(files_in(navigation))
    pages = (path.relative_to(staged).as_posix() for path in files if path.suffix == ".md")
    return sorted(page for page in pages if page not in reached and not page.startswith("rules/"))


if __name__ == "__main__":
    sys.exit(main())
