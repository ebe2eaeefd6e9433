"""`localsocket ping` and `localsocket stats`: whether a service answers, and what it has done."""

from __future__ import annotations

import time
from typing import Annotated, Any

from localsocket.cli.declaring import Option
from localsocket.cli.exit_status import WrongUsage
from localsocket.cli.options import Address, Allow, AnyUser, AsJson, Timeout, Wait, Watch, client_of
from localsocket.cli.output import print_json, print_piece, print_styled, print_table
from localsocket.cli.plain_text import json_text, one_line
from localsocket.cli.prometheus import prometheus_text
from localsocket.cli.units import duration, length_of_time
from localsocket.cli.watching import again, time_for_turn
from localsocket.deadlines import Deadline

_METHOD_TITLES = ("method", "calls", "errors", "p50", "p90", "p99", "together")


def ping(
    name: Address,
    timeout: Timeout = None,
    wait: Wait = False,
    any_user: AnyUser = False,
    allow: Allow = "",
    watch: Watch = None,
    as_json: AsJson = False,
) -> None:
    """Check whether a service answers, and how long that takes. Any user who may connect may ask."""
    deadline = Deadline(timeout)
    with client_of(name, timeout, wait, any_user, allow) as client:
        for _ in again(watch):
            began = time.perf_counter()
            pong: dict[str, Any] = client.call("localsocket.ping", timeout=time_for_turn(deadline, timeout, watch))
            took = time.perf_counter() - began
            if as_json:
                print_json(json_text({**pong, "seconds": took}))
            else:
                service = f"{pong['service']} {pong['version']}".rstrip()
                told = f"{service} answered in {duration(took)}; it has served for {length_of_time(pong['uptime'])}"
                print_piece(f"{one_line(told)}\n")


def stats(
    name: Address,
    prometheus: Annotated[bool, Option(help="Print the format of Prometheus and OpenMetrics.")] = False,
    timeout: Timeout = None,
    wait: Wait = False,
    any_user: AnyUser = False,
    allow: Allow = "",
    watch: Watch = None,
    as_json: AsJson = False,
) -> None:
    """Show what one of your services has done: connections, calls, errors and latencies, in total and by method."""
    if as_json and prometheus:
        raise WrongUsage("--json and --prometheus cannot be combined")
    deadline = Deadline(timeout)
    with client_of(name, timeout, wait, any_user, allow) as client:
        for _ in again(watch):
            report: dict[str, Any] = client.call("localsocket.stats", timeout=time_for_turn(deadline, timeout, watch))
            if as_json:
                print_json(json_text(report))
            elif prometheus:
                print_piece(prometheus_text(report))
            else:
                _print_report(report)


def _print_report(report: dict[str, Any]) -> None:
    head = f"{report['service']} {report['version']}".rstrip()
    worker = (
        f", worker {report['worker']} of {report.get('workers', '?')}: its numbers alone" if report["worker"] else ""
    )
    served = length_of_time(report["uptime"])
    print_styled(one_line(f"{head} (pid {report['pid']}{worker}), serving for {served}"), "bold")
    for name, number in report["stats"].items():
        shown = duration(number) if name.startswith("latency") else f"{number:,}"
        print_piece(one_line(f"  {name.replace('_', ' '):<18} {shown:>12}") + "\n")
    if report["methods"]:
        rows = [_method_cells(each) for each in report["methods"]]
        print_piece("\n")
        print_table(_METHOD_TITLES, rows, numbers=_METHOD_TITLES[1:])


def _method_cells(method: dict[str, Any]) -> list[str]:
    times = (method["latency_p50"], method["latency_p90"], method["latency_p99"], method["seconds"])
    return [str(method["name"]), f"{method['calls']:,}", f"{method['errors']:,}", *map(duration, times)]


COMMANDS = {"ping": ping, "stats": stats}
