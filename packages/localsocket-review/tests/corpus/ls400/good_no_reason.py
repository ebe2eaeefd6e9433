import os


def forget(path: str) -> None:
    os.unlink(path)  # localsocket: ignore[LS106] only this program makes such files
