"""The two packages: built, looked into, and installed into bare environments."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {"localsocket": "localsocket", "localsocket-review": "localsocket_review"}
# What an auditor has to read, and what everybody downloads: grown beyond it, something has come in that is not needed.
LARGEST_LIBRARY_WHEEL = 320_000


def pyproject(directory: Path) -> dict[str, Any]:
    return tomllib.loads((directory / "pyproject.toml").read_text(encoding="utf-8"))


def project(name: str) -> dict[str, Any]:
    found = pyproject(ROOT / "packages" / name)["project"]
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build the wheels of both packages, with what is installed: environments for it would have to be downloaded."""
    made = tmp_path_factory.mktemp("wheels")
    sources = [tmp_path_factory.mktemp(name) / name for name in PACKAGES]
    for source in sources:
        # A copy: building leaves files in the tree.
        ignored = shutil.ignore_patterns("build", "*.egg-info", "tests")
        shutil.copytree(ROOT / "packages" / source.name, source, ignore=ignored)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", made, *sources]
    subprocess.run(command, check=True, capture_output=True)
    return {name: next(made.glob(f"{module}-*.whl")) for name, module in PACKAGES.items()}


def bare_environment(directory: Path) -> Path:
    venv.create(directory, with_pip=False)
    return directory / "bin" / "python"


def install(python: Path, wheel: Path) -> None:
    """Put a wheel's files where an interpreter finds them, without the packages that it needs."""
    command = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", wheel]
    subprocess.run(command, check=True, capture_output=True)


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


def test_the_wheel_of_the_library_is_small_and_holds_no_reviewer(wheels: dict[str, Path]) -> None:
    assert wheels["localsocket"].stat().st_size < LARGEST_LIBRARY_WHEEL
    top = {name.split("/")[0] for name in names_in(wheels["localsocket"]) if ".dist-info" not in name}
    assert top == {"localsocket"}
    assert not [name for name in names_in(wheels["localsocket"]) if "review" in name or "/tests/" in name]


@pytest.mark.parametrize(("name", "module"), PACKAGES.items())
def test_a_wheel_says_that_it_is_typed_and_brings_its_licence(wheels: dict[str, Path], name: str, module: str) -> None:
    names = names_in(wheels[name])
    assert f"{module}/py.typed" in names
    assert any(each.endswith("/licenses/LICENSE") for each in names)


def test_the_library_works_in_an_environment_of_its_own(wheels: dict[str, Path], tmp_path: Path) -> None:
    python = bare_environment(tmp_path / "environment")
    install(python, wheels["localsocket"])
    program = (
        "import localsocket\na, b = localsocket.pair()\na.write(b'x')\nprint(b.read(timeout=5))\na.close(); b.close()"
    )
    assert subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout == "b'x'\n"
    done = subprocess.run([python, "-m", "localsocket", "list"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        1,
        "localsocket: the command line needs typer and rich: pip install 'localsocket[cli]'\n",
    )


def test_the_reviewer_is_loaded_without_the_library(wheels: dict[str, Path], tmp_path: Path) -> None:
    python = bare_environment(tmp_path / "environment")
    install(python, wheels["localsocket-review"])
    program = "import localsocket_review, importlib.util; print(importlib.util.find_spec('localsocket'))"
    assert subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout == "None\n"


@pytest.mark.parametrize("name", PACKAGES)
def test_a_source_package_is_whole_and_built_without_a_warning(name: str, tmp_path: Path) -> None:
    pytest.importorskip("build")
    pytest.importorskip("twine")
    command = [sys.executable, "-m", "build", "-q", "--no-isolation", "-o", tmp_path, ROOT / "packages" / name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "warn" not in (done.stdout + done.stderr).lower()
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        names = {member.name.partition("/")[2] for member in archive}
    assert names >= {"LICENSE", "README.md", "pyproject.toml", "tests/conftest.py"}
    check = [sys.executable, "-m", "twine", "check", "--strict", *tmp_path.iterdir()]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0
