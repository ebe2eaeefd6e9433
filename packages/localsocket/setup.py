"""What pyproject.toml cannot say: the core is compiled where there is a compiler, and one build of it is for all.

LOCALSOCKET_PURE=1 in the environment leaves it out. Whatever the reason that it is not there, the wheel says so by its
name: `py3-none-any`.
"""

from __future__ import annotations

import os
import sys

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel

CORE = Extension(
    "localsocket._core.compiled",
    ["src/localsocket/_core/compiled.c", "src/localsocket/_core/calls.c"],
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


is_compiled = os.environ.get("LOCALSOCKET_PURE") != "1" and sys.implementation.name == "cpython"
setup(
    ext_modules=[CORE] if is_compiled else [],
    cmdclass={"bdist_wheel": Wheel},
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if is_compiled else {},
)
