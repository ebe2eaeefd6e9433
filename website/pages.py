"""The pages of the site as the builder takes them: links between them as they are there."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

# Beside docs/: what each is called on the site.
_OUTSIDE_OF_DOCS = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security-policy.md",
}
_LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^][]*)\]\((?P<target>[^)\s]+)\)")
_FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


class Pages:
    """The repository's pages in `root`, and where each stands in `staged`."""

    def __init__(self, root: Path, staged: Path) -> None:
        self._root = root
        self._staged = staged
        docs = root / "docs"
        self.places = {path: path.relative_to(docs).as_posix() for path in sorted(docs.rglob("*")) if path.is_file()}
        # As they are, to be looked at and saved.
        self.places |= {path: f"examples/{path.name}" for path in sorted((root / "examples").glob("*.*"))}
        self.places |= {root / name: place for name, place in _OUTSIDE_OF_DOCS.items() if (root / name).exists()}
        for path, place in self.places.items():
            if path.name == "README.md":
                self.places[path] = place.replace("README.md", "index.md")

    def write(self) -> None:
        for path, place in self.places.items():
            target = self._staged / place
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".md":
                target.write_text(self._page(path), encoding="utf-8")
            else:
                shutil.copyfile(path, target)

    def _page(self, path: Path) -> str:
        parts = _FENCED.split(path.read_text(encoding="utf-8"))
        return "".join(
            part if part.startswith("```") else _LINK.sub(lambda link: self._linked(link, path), part) for part in parts
        )

    def _linked(self, link: re.Match[str], page: Path) -> str:
        """Return the link as it is on the site; its text alone where it leads to a file that the site has not."""
        target, hash_sign, anchor = link["target"].partition("#")
        if not target or "://" in target:
            return link[0]
        place = self.places.get(Path(os.path.normpath(page.parent / target)))
        if place is None:
            return f"`{link['text'].strip('`')}`"
        relative = os.path.relpath(self._staged / place, (self._staged / self.places[page]).parent)
        return f"{link['image']}[{link['text']}]({relative}{hash_sign}{anchor})"
