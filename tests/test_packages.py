"""The two packages: built, looked into, and installed into bare environments."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from building import ROOT, Built, build
from localsocket._core import IN_USE

PACKAGES = {"localsocket": "localsocket", "localsocket-review": "localsocket_review"}
# What an auditor has to read, and what everybody downloads: grown beyond it, something has come in that is not needed.
LARGEST_LIBRARY_WHEEL = 750_000


def pyproject(directory: Path) -> dict[str, Any]:
    return tomllib.loads((directory / "pyproject.toml").read_text(encoding="utf-8"))


def project(name: str) -> dict[str, Any]:
    found = pyproject(ROOT / "packages" / name)["project"]
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Built]:
    """Build both packages."""
    return {name: build(name, tmp_path_factory.mktemp(name)) for name in PACKAGES}


# Makes a wheel of the tree, as it is without a compiler, and as it is where the core is not wanted.
PURE = {"no compiler": {"CC": "/bin/false"}, "not wanted": {"LOCALSOCKET_PURE": "1"}}


def bare_environment(directory: Path) -> Path:
    venv.create(directory, with_pip=False)
    return directory / "bin" / "python"


def install(python: Path, wheel: Path) -> None:
    """Put a wheel's files where an interpreter finds them, without the packages that it needs."""
    (packages,) = python.parent.parent.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)


def names_in(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_the_two_packages_are_of_one_series() -> None:
    versions = {name: project(name)["version"] for name in PACKAGES}
    assert len(set(versions.values())) == 1
    assert project("localsocket")["optional-dependencies"]["review"] == [
        f"localsocket-review~={versions['localsocket']}"
    ]


def test_the_library_needs_msgspec_and_nothing_else() -> None:
    assert [requirement.partition(">")[0] for requirement in project("localsocket")["dependencies"]] == ["msgspec"]


def test_the_reviewer_needs_nothing_of_the_library() -> None:
    needed = {requirement.partition(">")[0] for requirement in project("localsocket-review")["dependencies"]}
    assert needed == {"rich", "tree-sitter", "tree-sitter-cpp", "tree-sitter-python", "typer"}


def test_the_oldest_dependencies_are_the_lower_bounds_of_both_packages() -> None:
    done = subprocess.run([ROOT / ".ci" / "oldest-dependencies"], capture_output=True, text=True, check=True)
    oldest = dict(line.split("==") for line in done.stdout.splitlines())
    for name in PACKAGES:
        for requirement in project(name)["dependencies"]:
            needed, _, version = requirement.partition(">=")
            assert oldest[needed] == version
    assert {"anyio", "hypothesis", "pytest", "trio", "uvloop"} <= oldest.keys()
    assert not {"grpcio", "localsocket", "localsocket-review"} & oldest.keys()


def test_every_pytest_is_set_up_alike() -> None:
    """What is run from the root, and what is run in a package's folder, is judged by the same rules."""
    set_up = [pyproject(path)["tool"]["pytest"]["ini_options"] for path in (ROOT, *(ROOT / "packages").iterdir())]
    for options in set_up:
        del options["testpaths"], options["pythonpath"]
    assert all(options == set_up[0] for options in set_up)


@pytest.mark.long
def test_the_wheel_of_the_library_is_small_and_holds_no_reviewer(built: dict[str, Built]) -> None:
    assert built["localsocket"].wheel.stat().st_size < LARGEST_LIBRARY_WHEEL
    top = {name.split("/")[0] for name in names_in(built["localsocket"].wheel) if ".dist-info" not in name}
    assert top == {"localsocket"}
    assert not [name for name in names_in(built["localsocket"].wheel) if "review" in name or "/tests/" in name]


@pytest.mark.parametrize(("name", "module"), PACKAGES.items())
def test_a_wheel_says_that_it_is_typed_and_brings_its_licence(built: dict[str, Built], name: str, module: str) -> None:
    names = names_in(built[name].wheel)
    assert f"{module}/py.typed" in names
    assert any(each.endswith("/licenses/LICENSE") for each in names)


@pytest.mark.long
def test_the_library_works_in_an_environment_of_its_own(built: dict[str, Built], tmp_path: Path) -> None:
    python = bare_environment(tmp_path / "environment")
    install(python, built["localsocket"].wheel)
    program = (
        "import localsocket\na, b = localsocket.pair()\na.write(b'x')\nprint(b.read(timeout=60))\na.close(); b.close()"
    )
    assert subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout == "b'x'\n"


@pytest.mark.long
def test_the_command_line_works_with_what_the_library_needs(built: dict[str, Built], tmp_path: Path) -> None:
    python = bare_environment(tmp_path / "environment")
    install(python, built["localsocket"].wheel)
    (tmp_path / "needed").mkdir()
    (tmp_path / "needed" / "msgspec").symlink_to(Path(msgspec.__file__).parent)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "needed")}
    command = [python, "-m", "localsocket", "describe", "./none"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("localsocket: no server at './none'")


def test_pytest_finds_the_fixtures_of_the_library_by_an_entry_point(built: dict[str, Built]) -> None:
    with zipfile.ZipFile(built["localsocket"].wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        told = archive.read(name).decode()
    assert "[pytest11]\nlocalsocket.pytest_plugin = localsocket.pytest_plugin\n" in told


def test_the_reviewer_is_loaded_without_the_library(built: dict[str, Built], tmp_path: Path) -> None:
    python = bare_environment(tmp_path / "environment")
    install(python, built["localsocket-review"].wheel)
    program = "import localsocket_review, importlib.util; print(importlib.util.find_spec('localsocket'))"
    assert subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout == "None\n"


@pytest.mark.parametrize("name", PACKAGES)
def test_a_source_package_is_whole_and_built_without_a_warning(built: dict[str, Built], name: str) -> None:
    warnings = [line for line in built[name].said.splitlines() if "warn" in line.lower()]
    assert not [line for line in warnings if "no previously-included files" not in line], "nothing to leave out is fine"
    with tarfile.open(built[name].source) as archive:
        names = {member.name.partition("/")[2] for member in archive}
    assert names >= {"LICENSE", "README.md", "pyproject.toml", "docs/tutorial.md", "tests/conftest.py"}


@pytest.mark.long
@pytest.mark.parametrize("name", PACKAGES)
def test_the_tests_of_a_source_package_need_nothing_of_the_repository(
    built: dict[str, Built], tmp_path: Path, name: str
) -> None:
    with tarfile.open(built[name].source) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    shared = [path.stem for path in (ROOT / "tests").glob("*.py") if not path.stem.startswith("test_")]
    imports = re.compile(rf"^from (?:{'|'.join(shared)}) import", re.MULTILINE)
    tests = [path for path in unpacked.glob("tests/**/test_*.py") if imports.search(path.read_text(encoding="utf-8"))]
    assert len(tests) > 2
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n", "0", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, cwd=unpacked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:]


@pytest.mark.long
@pytest.mark.parametrize("environment", PURE.values(), ids=PURE.keys())
def test_a_wheel_without_the_compiled_core_is_for_every_system(tmp_path: Path, environment: dict[str, str]) -> None:
    copy, made = tmp_path / "copy", tmp_path / "made"
    ignored = shutil.ignore_patterns("build", "*.egg-info", "__pycache__", "tests", "*.so")
    shutil.copytree(ROOT / "packages" / "localsocket", copy, ignore=ignored)
    program = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    command = [sys.executable, "-c", program, made]
    done = subprocess.run(command, cwd=copy, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = made.iterdir()
    assert wheel.name.endswith("-py3-none-any.whl")
    core = {name for name in names_in(wheel) if name.startswith("localsocket/_core/")}
    assert core == {"localsocket/_core/__init__.py", "localsocket/_core/in_python.py"}


@pytest.mark.skipif(IN_USE != "compiled", reason="there is no compiled core here")
def test_a_wheel_with_the_compiled_core_is_for_all_versions_of_python(built: dict[str, Built], tmp_path: Path) -> None:
    wheel = built["localsocket"].wheel
    assert wheel.name.split("-")[2:4] == ["cp311", "abi3"]
    python = bare_environment(tmp_path / "environment")
    install(python, wheel)
    program = "from localsocket._core import IN_USE; print(IN_USE)"
    assert subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout == "compiled\n"


@pytest.mark.parametrize("name", PACKAGES)
def test_two_builds_of_one_source_are_the_same_byte_for_byte(
    built: dict[str, Built], tmp_path: Path, name: str
) -> None:
    again = build(name, tmp_path)
    assert again.source.read_bytes() == built[name].source.read_bytes()
    assert again.wheel.read_bytes() == built[name].wheel.read_bytes()


def test_both_packages_make_their_source_package_alike() -> None:
    told = [(ROOT / "packages" / name / "setup.py").read_text(encoding="utf-8") for name in PACKAGES]
    one, other = (text[text.index("class SourcePackage") : text.index("        return name\n")] for text in told)
    assert one == other


@pytest.mark.long
def test_an_index_would_take_the_packages(built: dict[str, Built]) -> None:
    pytest.importorskip("twine")
    files = [file for each in built.values() for file in (each.source, each.wheel)]
    check = [sys.executable, "-m", "twine", "check", "--strict", *files]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0
