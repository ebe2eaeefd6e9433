"""The code as it was at a revision, by git: its objects are read, and nothing that a repository configures is run."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from localsocket_review.reading.files import MAX_FILE_BYTES

_REGULAR, _LINK = ("100644", "100755"), "120000"
_SHOWN = 200  # characters of what git complains


class NoRevision(ValueError):
    """A revision is unknown, or the paths are in no repository; the message tells which."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision as it was named, the repository, and the name that git has for its whole tree."""

    name: str
    repository: Path
    tree: str

    def relative(self, path: Path) -> PurePosixPath:
        """Return what a path is called in the repository. Raises NoRevision for one outside."""
        whole = Path(os.path.abspath(path)).resolve()
        if not whole.is_relative_to(self.repository):
            raise NoRevision(f"{path} is not in the repository {self.repository}")
        return PurePosixPath(whole.relative_to(self.repository).as_posix())

    @contextmanager
    def written(self, paths: Sequence[Path]) -> Iterator[Path]:
        """Write what the paths were then into a temporary folder, which stands for the repository."""
        wanted = [self.relative(path) for path in paths]
        with tempfile.TemporaryDirectory(prefix="localsocket-review-") as name:
            folder = Path(name)
            (folder / ".git").mkdir()  # the root of a repository, up to which .gitignore files count
            self._write([entry for entry in self._entries() if _is_wanted(entry.path, wanted)], folder)
            yield folder

    def _entries(self) -> Iterator[_Entry]:
        listed = _git(self.repository, "ls-tree", "-r", "-z", "-l", "--full-tree", self.tree)
        for line in listed.split("\0"):
            facts, _, path = line.partition("\t")
            if path:
                mode, _, blob, size = facts.split()
                is_read = mode == _LINK or (mode in _REGULAR and int(size) <= MAX_FILE_BYTES)
                if is_read and not {"", ".", "..", ".git"} & set(path.split("/")):
                    yield _Entry(mode, blob, path)

    def _write(self, entries: Sequence[_Entry], folder: Path) -> None:
        # Links last: no file is written through one.
        ordered = sorted(entries, key=lambda entry: entry.mode == _LINK)
        with tempfile.TemporaryFile() as asked:
            asked.write("".join(f"{entry.blob}\n" for entry in ordered).encode())
            asked.seek(0)
            command = ["git", "-C", str(self.repository), "cat-file", "--batch"]
            with subprocess.Popen(command, stdin=asked, stdout=subprocess.PIPE, env=_environment()) as git:
                assert git.stdout is not None
                for entry in ordered:
                    _place(folder / entry.path, entry.mode, _next_blob(git.stdout))


@dataclass(frozen=True, slots=True)
class _Entry:
    mode: str
    blob: str
    path: str


def revision_of(name: str, paths: Sequence[Path]) -> Revision:
    """Return what a revision such as `main`, `HEAD~3` or a commit means where the paths are. Raises NoRevision."""
    nearest = next(folder for folder in (paths[0], *paths[0].absolute().parents) if folder.is_dir())
    root = Path(_git(nearest, "rev-parse", "--show-toplevel").removesuffix("\n"))
    if name.startswith("-"):
        raise NoRevision(f"{name!r} is not a revision")
    tree = _git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}^{{tree}}", unknown=name).strip()
    return Revision(name, root.resolve(), tree)


def _git(folder: Path, *arguments: str, unknown: str = "") -> str:
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=_environment())
    except FileNotFoundError:
        raise NoRevision("git is not installed, and --diff needs it to see what has changed") from None
    if done.returncode:
        said = os.fsdecode(done.stderr).strip()[:_SHOWN]
        raise NoRevision(f"git knows no revision {unknown!r} here" if unknown and not said else f"git said: {said}")
    return os.fsdecode(done.stdout)


def _environment() -> dict[str, str]:
    """Return ours without what git sets for its hooks, which is about the repository where it was called."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**ours, "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0"}


def _is_wanted(path: str, wanted: Sequence[PurePosixPath]) -> bool:
    whole = PurePosixPath(path)
    return whole.name == ".gitignore" or any(whole.is_relative_to(one) for one in wanted)


def _next_blob(output: IO[bytes]) -> bytes:
    """Read one answer of `git cat-file --batch`: a line that ends with the size, the bytes, and a line feed."""
    head = output.readline().split()
    if len(head) != 3:
        missing = os.fsdecode(b" ".join(head)) or "a file"
        raise NoRevision(f"git has no content for {missing}; fetch the complete revision")
    data = output.read(int(head[2]))
    output.read(1)
    return data


def _place(path: Path, mode: str, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if mode == _LINK:
        path.symlink_to(os.fsdecode(data))
    else:
        path.write_bytes(data)
