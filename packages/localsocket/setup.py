"""What pyproject.toml cannot say: the core is compiled where there is a compiler, and one build of it is for all.

LOCALSOCKET_PURE=1 in the environment leaves it out. Whatever the reason that it is not there, the wheel says so by its
name: `py3-none-any`. Two builds of one source are the same, byte for byte.
"""

from __future__ import annotations

import gzip
import os
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.sdist import sdist

CORE = Extension(
    "localsocket._core.compiled",
    [
        f"src/localsocket/_core/{name}.c"
        for name in ("answering", "calling", "compiled", "counting", "frames", "looking", "records")
    ],
    depends=["src/localsocket/_core/core.h"],
    extra_compile_args=["-std=c11", "-O2", "-g0", "-fvisibility=hidden"],
    py_limited_api=True,
    optional=True,  # without it everything works in Python
)


class Wheel(bdist_wheel):
    """A wheel that is named by what was built, and not by what was to be."""

    def get_tag(self) -> tuple[str, str, str]:
        built = self.get_finalized_command("build_ext").get_outputs()
        self.root_is_pure = not any(map(os.path.exists, built))
        return super().get_tag()


class SourcePackage(sdist):
    """A source package of which every build is the same, byte for byte, once SOURCE_DATE_EPOCH says when it was made.

    Both packages have this class, since each is built alone.
    """

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        """Add what the repository has once for both packages, without which the tests cannot be run."""
        super().make_release_tree(base_dir, files)
        is_source_package = Path("tests/repository.py").exists()
        repository = Path() if is_source_package else Path("../..")
        for name in ("leftovers.py", "other_words.py", "repository.py", "sharing.py"):
            self.copy_file(str(repository / "tests" / name), f"{base_dir}/tests/{name}", link=None)
        self.copy_tree(str(repository / "docs"), f"{base_dir}/docs")

    def make_archive(self, base_name: str, *_gztar: str, base_dir: str, **_of_whom: Any) -> str:
        made = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))

        def of_nobody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
            entry.mtime = made
            entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644  # whatever the builder's umask
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            return entry

        name = f"{base_name}.tar.gz"
        with (
            open(name, "wb") as file,
            gzip.GzipFile("", "wb", fileobj=file, mtime=made) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            archive.add(base_dir, filter=of_nobody)
        return name


is_compiled = os.environ.get("LOCALSOCKET_PURE") != "1" and sys.implementation.name == "cpython"
setup(
    ext_modules=[CORE] if is_compiled else [],
    cmdclass={"bdist_wheel": Wheel, "sdist": SourcePackage},
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if is_compiled else {},
)
