import os


def forget(path: str) -> None:
    # localsocket: ignore because nobody else is here  # expect: LS400
    os.unlink(path)
