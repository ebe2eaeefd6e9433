import subprocess

import desktop.fetch
from desktop.fetch import load


def first():
    return subprocess.run(load(), check=True)


def second():
    return subprocess.run(desktop.fetch.load(), check=True)


print(first(), second())
