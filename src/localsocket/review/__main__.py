"""`python -m localsocket.review PATH...` is `localsocket review PATH...`."""

from __future__ import annotations

import sys

from localsocket.cli import main

sys.argv[1:1] = ["review"]
main()
