"""The tests on the page about testing pass, side by side, as a project's own tests would."""

from __future__ import annotations

from pathlib import Path

import pytest

from localsocket.testing import server_contract
from test_docs import examples

PAGE = Path(__file__).parent.parent / "docs" / "testing.md"


@pytest.mark.long
def test_the_tests_on_the_page_pass_side_by_side(pytester: pytest.Pytester) -> None:
    files = {text.partition("\n")[0].removeprefix("# "): text for text in (each.text for each in examples(PAGE))}
    files = {name: text for name, text in files.items() if name.endswith(".py")}
    for name, text in files.items():
        pytester.path.joinpath(name).write_text(text, encoding="utf-8")
    assert len(files) == 8
    # By its path, as where the package is installed its entry point gives it.
    options = ["-p", "localsocket.pytest_plugin", "-p", "no:randomly", "-n", "2", "-W", "error"]
    count = sum(text.count("\ndef test_") for text in files.values()) - 1
    outcomes = pytester.runpytest_subprocess(*options).parseoutcomes()
    assert outcomes == {"passed": count + len(server_contract)}
