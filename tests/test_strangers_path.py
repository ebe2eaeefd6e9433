"""What a stranger does on the first day: install, write, serve, call from a shell and another language, test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import h11
import msgspec
import pytest

from building import build
from repository import ROOT
from sessions import go_through

SHOP = """\
import localsocket



class SoldOut(Exception):
    pass


service = localsocket.Service("demo.shop", errors=[SoldOut])
stock = {"apple": 3}


@service.method
def take(fruit: str, count: int = 1) -> int:
    if stock.get(fruit, 0) < count:
        raise SoldOut(fruit)
    stock[fruit] -= count
    return stock[fruit]
"""

TESTS = """\
import pytest
import shop

from localsocket.testing import serving


def test_what_is_taken_is_gone():
    with serving(shop.service) as client:
        assert client.call("take", "apple") == 2
        with pytest.raises(Exception):
            client.call("take", "apple", 3)
"""

CLIENT = """\
const body = JSON.stringify({ fruit: "apple" });
const options = {
  socketPath: process.argv[2], path: "/take", method: "POST",
  headers: { "Content-Type": "application/json", "Content-Length": body.length },
};
require("node:http").request(options, (response) => {
  response.setEncoding("utf8");
  response.on("data", (text) => console.log(response.statusCode, text.trim()));
}).end(body);
"""


@pytest.fixture(scope="module")
def bin_of_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an environment with the built wheel in it, and return where its commands are.

    What the wheel needs is taken from here, since there may be no network; nothing else of this project can be.
    """
    folder = tmp_path_factory.mktemp("stranger")
    wheel = build("localsocket", folder / "built").wheel
    venv.create(folder / "environment", with_pip=False)
    python = folder / "environment" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", wheel], check=True)
    (packages,) = python.parent.parent.glob("lib/python*/site-packages")
    needed = {str(Path(each.__file__).parents[1]) for each in (msgspec, h11, pytest)}
    (packages / "needed.pth").write_text("".join(f"{folder}\n" for folder in needed), encoding="utf-8")
    return python.parent


@pytest.mark.long
def test_a_stranger_installs_writes_serves_calls_and_tests(bin_of_environment: Path, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP, encoding="utf-8")
    (tmp_path / "test_shop.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "client.js").write_text(CLIENT, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*command: str | Path) -> tuple[int, str]:
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    command = bin_of_environment / "localsocket"
    with subprocess.Popen(
        [command, "serve", "shop:service", "--at", "./shop.sock"], cwd=tmp_path, env=environment
    ) as serving:
        try:
            assert run(command, "call", "./shop.sock", "take", "apple", "--wait", "--timeout", "60") == (0, "2\n")
            if shutil.which("node") is not None:
                assert run("node", "client.js", "shop.sock") == (0, "200 1\n")
            assert run(command, "call", "./shop.sock", "take", "apple", "3") == (1, "localsocket: SoldOut: apple\n")
        finally:
            serving.terminate()
    assert serving.returncode == 0
    status, said = run(bin_of_environment / "python", "-m", "pytest", "-q", "test_shop.py")
    assert status == 0, said
    where = run(bin_of_environment / "python", "-c", "import localsocket; print(localsocket.__file__)")
    assert Path(where[1].strip()).is_relative_to(bin_of_environment.parent)


@pytest.mark.long
def test_a_stranger_sees_the_demonstration_of_the_readme(bin_of_environment: Path, tmp_path: Path) -> None:
    go_through((ROOT / "README.md").read_text(encoding="utf-8"), tmp_path, bin_of_environment)
