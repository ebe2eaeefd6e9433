"""Is the first copy, forgets that, starts once more, and tells what was said and answered."""

from __future__ import annotations

import gc
import warnings

from common import tell

from localsocket import SingleInstance


def main() -> None:
    first = SingleInstance("one.copy", on_start=lambda start: 7)
    assert first.claim() is None
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        del first
        gc.collect()
    status = SingleInstance("one.copy").claim()
    tell({"warnings": [str(warning.message) for warning in said], "status": status})


if __name__ == "__main__":
    main()
