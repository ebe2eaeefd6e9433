"""The two packages, built as they would be for an index."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent


class Built(NamedTuple):
    """What was made of a package: the source package, the wheel made of that, and what was said on the way."""

    source: Path
    wheel: Path
    said: str


# One interpreter builds both, with the setuptools that is installed: environments for it would have to be downloaded.
# The wheel is made of the unpacked source package, so that what is missing there is found out.
BUILD = """\
import os, sys, tarfile
from setuptools import build_meta

made, work = sys.argv[1:]
name = build_meta.build_sdist(made)
with tarfile.open(os.path.join(made, name)) as archive:
    archive.extractall(work, filter="data")
os.chdir(os.path.join(work, name.removesuffix(".tar.gz")))
build_meta.build_wheel(made)
"""

RELEASED = "1700000000"  # seconds since 1970: when whatever is built says that it was made


def build(name: str, directory: Path) -> Built:
    # A copy: building leaves files in the tree. Its files are as new as those of a fresh clone.
    repository, made, work = directory / "repository", directory / "made", directory / "work"
    copy = repository / "packages" / name
    shutil.copytree(
        ROOT / "packages" / name,
        copy,
        ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__", ".pytest_cache", "*.so"),
    )
    for shared in ("docs", "tests"):
        shutil.copytree(ROOT / shared, repository / shared, ignore=shutil.ignore_patterns("__pycache__"))
    for file in repository.rglob("*"):
        os.utime(file)
    made.mkdir()
    environment = os.environ | {"SOURCE_DATE_EPOCH": RELEASED}
    command = [sys.executable, "-c", BUILD, made, work]
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False, umask=0o022)
    assert done.returncode == 0, done.stderr
    return Built(next(made.glob("*.tar.gz")), next(made.glob("*.whl")), done.stdout + done.stderr)
