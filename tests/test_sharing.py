"""What sharing.py spares the tests."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import sharing


def test_programs_keep_compiled_code_for_each_other_where_none_may_stand_beside_the_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    module = tmp_path / "imported_by_programs.py"
    module.write_text("")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", "")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    sharing.keep_compiled_code(pytestconfig)
    subprocess.run([sys.executable, "-c", f"import {module.stem}"], cwd=tmp_path, check=True)
    compiled = Path(importlib.util.cache_from_source(str(module)))
    assert compiled.is_relative_to(pytestconfig.cache.mkdir("bytecode"))
    assert compiled.exists()
    assert list(tmp_path.iterdir()) == [module]
    compiled.unlink()


@pytest.mark.parametrize(
    ("arguments", "run"), [([], ["short"]), (["test_both.py"], ["long", "short"]), (["-m", "long"], ["long"])]
)
def test_what_takes_long_is_run_when_it_is_asked_for_or_its_file_is_named(
    pytester: pytest.Pytester, arguments: list[str], run: list[str]
) -> None:
    pytester.makeini('[pytest]\naddopts = "-mnot exhaustive and not long"\nmarkers =\n    long\n    exhaustive\n')
    pytester.makeconftest("from sharing import pytest_configure\n")
    pytester.makepyfile(
        test_both="""
        import pytest

        @pytest.mark.long
        def test_long(): ...

        def test_short(): ...
        """
    )
    result = pytester.runpytest_inprocess("-v", "-p", "no:cacheprovider", "-p", "no:xdist", *arguments)
    result.assert_outcomes(passed=len(run), deselected=2 - len(run))
    assert [name for name in ("long", "short") if f"test_{name} PASSED" in result.stdout.str()] == run
