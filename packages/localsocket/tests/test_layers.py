"""The rules of the package that import-linter cannot hold: it knows imports between modules, and no names."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import localsocket
from repository import ROOT, whole_repository

SOURCE = Path(localsocket.__file__).parent

# Swapping the umask races other threads, and a fallback to TCP would have no owner and no permissions.
FORBIDDEN_NAMES = {"AF_INET", "AF_INET6", "umask"}
# What runs code while it reads data.
FORBIDDEN_MODULES = {"cloudpickle", "dill", "jsonpickle", "marshal", "pickle", "shelve"}
# What needs an extra; everything else works in the base install.
HTTP = {"wire/http_door.py", "wire/http_incoming.py", "wire/http_outgoing.py"}
OF_VALUES = {"values/arrays.py", "values/models.py"}
MAY_NEED_AN_EXTRA = {"anyio", "bridges", "cli", "otel", "pytest_plugin", "qt", *HTTP, *OF_VALUES}
# What the base install brings; msgspec takes typing_extensions where it is there.
BASE = {"msgspec", "typing_extensions"}


def source_files() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def layer(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_packages(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


def mentioned_names(tree: ast.AST) -> Iterator[str]:
    """Yield each name used, also as an attribute, in an import, or as a string of its own for getattr()."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name) | ast.Constant(value=str(name)):
                yield name


def in_a_fresh_interpreter(program: str) -> set[str]:
    """Run a program that prints a list as JSON, without the coverage that would bring modules of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def third_party(modules: set[str]) -> set[str]:
    return {module.split(".")[0] for module in modules} - sys.stdlib_module_names - {"localsocket"} - BASE


@pytest.mark.parametrize("path", source_files(), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_no_source_file_uses_what_is_forbidden(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not FORBIDDEN_NAMES & set(mentioned_names(tree))
    assert not FORBIDDEN_MODULES & set(imported_packages(tree))


@pytest.mark.long
def test_only_what_may_need_an_extra_imports_third_party_packages() -> None:
    found = {
        path.relative_to(SOURCE).as_posix(): outside
        for path in source_files()
        if not MAY_NEED_AN_EXTRA & {layer(path), path.relative_to(SOURCE).as_posix()}
        and (outside := third_party(set(imported_packages(ast.parse(path.read_text(encoding="utf-8"))))))
    }
    assert not found


def test_importing_the_package_is_light() -> None:
    program = (
        "import json, sys; before = set(sys.modules)\n"
        "import localsocket; print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    loaded = in_a_fresh_interpreter(program)
    assert not loaded & {"asyncio", "ssl"}
    assert not third_party(loaded)


def test_a_client_loads_neither_openssl_nor_archives() -> None:
    program = (
        "import json, sys; before = set(sys.modules)\n"
        "import localsocket; localsocket.Client; print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    assert not in_a_fresh_interpreter(program) & {"_hashlib", "asyncio", "random", "shutil", "ssl", "tempfile"}


def test_importing_the_anyio_api_brings_neither_asyncio_nor_msgspec_and_little_of_ours() -> None:
    pytest.importorskip("anyio")
    program = (
        "import json, sys; before = set(sys.modules)\n"
        "import localsocket.anyio; print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    loaded = in_a_fresh_interpreter(program)
    assert not loaded & {"asyncio", "msgspec"}
    assert not loaded & {"localsocket.aio", "localsocket.blocking", "localsocket.services"}
    assert len({module for module in loaded if module.partition(".")[0] == "localsocket"}) <= 47


@pytest.mark.long
def test_the_anyio_api_works_on_trio_without_the_other_apis_and_msgspec(runtime_directory: Path) -> None:
    pytest.importorskip("anyio")
    pytest.importorskip("trio")
    program = """
import json, sys
for absent in ("localsocket.aio", "localsocket.blocking", "localsocket.services", "msgspec"):
    sys.modules[absent] = None
import trio
import localsocket.anyio

async def main():
    async with localsocket.anyio.listen("layers.test") as server, localsocket.anyio.connect("layers.test") as client:
        async with await server.accept(timeout=60) as served:
            await served.write(b"hello\\n")
            return (await client.read_line(timeout=60)).decode()

print(json.dumps([trio.run(main), *(name for name in sys.modules if name == "anyio._backends._asyncio")]))
"""
    assert in_a_fresh_interpreter(program) == {"hello"}


@whole_repository
def test_each_import_that_may_go_round_in_a_circle_is_for_the_type_checker_only() -> None:
    configuration = ROOT / "pyproject.toml"
    contracts = tomllib.loads(configuration.read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    ignored = [each for contract in contracts for each in contract.get("ignore_imports", [])]
    assert ignored
    for importer, _, imported in (each.partition(" -> ") for each in ignored):
        (path,) = ROOT.glob(f"packages/*/src/{importer.replace('.', '/')}.py")
        outside = [
            node.module
            for node in ast.parse(path.read_text(encoding="utf-8")).body  # what stands in an `if` is not run
            if isinstance(node, ast.ImportFrom)
        ]
        assert imported not in outside, importer


def test_every_public_name_resolves_without_a_third_party_package() -> None:
    program = (
        "import json, sys; before = set(sys.modules)\n"
        "import localsocket\n"
        "for name in localsocket.__all__: getattr(localsocket, name)\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    assert not third_party(in_a_fresh_interpreter(program))


def test_every_public_name_is_listed_once_and_shown_by_dir() -> None:
    assert len(localsocket.__all__) == len(set(localsocket.__all__))
    assert set(localsocket.__all__) <= set(dir(localsocket))


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        localsocket.no_such_name  # noqa: B018
