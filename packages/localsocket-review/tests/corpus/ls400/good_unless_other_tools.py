import os


def forget(path: str) -> None:
    os.unlink(path)  # noqa: PTH108  # localsocket: ignore[LS106] only this program makes such files  # noqa: S110
