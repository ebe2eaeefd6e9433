"""Measure one row of the exchange of bytes by localsocket, and print it as JSON.

As its command does, whose words change, and which measures more than one row: this measures earlier commits too.
"""

from __future__ import annotations

import argparse
import json

from localsocket.tools.machine import machine_facts
from localsocket.tools.measure import measure, plan_exchange, plan_ping_pong

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("test", choices=["exchange", "pingpong"])
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--server", choices=["process", "thread"], required=True)
    parser.add_argument("--chunk", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--round-trips", type=int)
    asked = parser.parse_args()
    if asked.test == "exchange":
        plans = plan_exchange(asked.server, [asked.connections], [asked.chunk], asked.seconds, "blocking")
    else:
        plans = plan_ping_pong(asked.server, [asked.connections], asked.round_trips, "blocking")
    print(json.dumps({"machine": machine_facts(), "rows": [row.to_dict() for row in measure(plans)]}))
