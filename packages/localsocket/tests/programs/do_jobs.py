"""A worker: reads jobs with prefetch=1, tells which one it has, and what became of it.

Takes the address, and "at once" or "when told": then each job is done when a line comes on the standard input.
"""

from __future__ import annotations

import sys

from common import tell

from localsocket import Client

if __name__ == "__main__":
    address, when = sys.argv[1:]
    with Client(address) as client:
        tell({"ready": True})
        for job in client.stream("jobs", prefetch=1):
            tell({"has": job["text"]})
            if when == "when told" and not sys.stdin.readline():
                break
            tell({"done": client.call("done", job["ticket"])})
