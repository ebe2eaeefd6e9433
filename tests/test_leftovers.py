"""The count of what tests leave behind counts."""

from pathlib import Path

import pytest

LEAVES_ALL = """
    import ctypes, os, pathlib, subprocess, sys, threading

    import pytest

    kept = []

    {marker}
    def test_leaves():
        kept.extend(os.pipe())
        threading.Thread(target=threading.Event().wait, name="forgotten", daemon=True).start()
        kept.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))
        pathlib.Path(os.environ["XDG_RUNTIME_DIR"], "forgotten.lock").touch()
        ctypes.pythonapi.PyErr_SetHandledException(ctypes.py_object(ValueError("forgotten")))

    def test_leaves_nothing():
        pass
"""


@pytest.fixture
def judged(pytester: pytest.Pytester) -> pytest.Pytester:
    source = Path(__file__).with_name("leftovers.py").read_text()
    pytester.makeconftest(source.replace("GRACE = 30.0", "GRACE = 0.1"))
    pytester.makeini("[pytest]\nmarkers = may_leave: as in the project")
    return pytester


@pytest.mark.long
def test_each_kind_of_thing_left_behind_fails_the_test_that_left_it(judged: pytest.Pytester) -> None:
    judged.makepyfile(LEAVES_ALL.format(marker=""))
    result = judged.runpytest_subprocess()
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*left behind:",
            "*descriptors: * is pipe:*",
            "*threads: <Thread(forgotten,*",
            "*processes: pid *input()",
            "*files: run/forgotten.lock",
            "*exceptions: ValueError('forgotten')",
        ]
    )


@pytest.mark.long
def test_what_may_be_left_is_not_counted(judged: pytest.Pytester) -> None:
    kinds = '"descriptors", "threads", "processes", "files", "exceptions"'
    judged.makepyfile(LEAVES_ALL.format(marker=f"@pytest.mark.may_leave({kinds}, reason='to see it pass')"))
    judged.runpytest_subprocess().assert_outcomes(passed=2)
