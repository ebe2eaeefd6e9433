import os


def forget(path: str) -> None:
    # localsocket: ignore[LS106] nobody else is here
    os.unlink(path)
