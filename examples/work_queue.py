"""A queue of jobs and three workers: each job is leased to one of them, and given to another if that one dies.

    python examples/work_queue.py

The first worker is killed in the middle of its second job. At the end every job is done.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass

import localsocket

NAME = "demo.work-queue"
JOBS = 12
LEASE = 60.0  # seconds: longer than any job takes


@dataclass
class Job:
    number: int
    text: str


service = localsocket.Service(NAME)
waiting: asyncio.Queue[Job] = asyncio.Queue()
leases: dict[int, asyncio.TimerHandle] = {}
done_by: dict[int, str] = {}
all_done = threading.Event()


@service.method
async def put(job: Job) -> None:
    waiting.put_nowait(job)


@service.method
async def jobs() -> AsyncIterator[Job]:
    """Give jobs to one worker, which asks for each by reading the stream with prefetch=1."""
    while True:
        job = await waiting.get()
        leases[job.number] = asyncio.get_running_loop().call_later(LEASE, give_back, job)
        try:
            yield job
        finally:  # it asks for the next one, or its connection has ended
            give_back(job)


def give_back(job: Job) -> None:
    """Let another worker have the job, unless it is done."""
    if lease := leases.pop(job.number, None):
        lease.cancel()
        waiting.put_nowait(job)


@service.method
async def done(number: int, worker: str) -> None:
    if lease := leases.pop(number, None):
        lease.cancel()
        done_by[number] = worker
        if len(done_by) == JOBS:
            all_done.set()


def work(name: str, dies: bool) -> None:
    with localsocket.Client(NAME) as client:
        for count, job in enumerate(client.stream("jobs", prefetch=1)):
            if dies and count == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            client.call("done", job["number"], name)


def start_worker(name: str, *options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, __file__, name, *options])


def main() -> None:
    with localsocket.ServerThread(NAME, service), localsocket.Client(NAME) as client:
        for number in range(JOBS):
            client.call("put", Job(number, f"job {number}"))
        first = start_worker("first", "dies")
        first.wait()
        print(f"the first worker did {len(done_by)} job, and died with another in its hands")
        others = [start_worker("second"), start_worker("third")]
        all_done.wait()
        print(f"all {len(done_by)} jobs are done, {sum(who != 'first' for who in done_by.values())} by the others")
        for worker in others:
            worker.terminate()
            worker.wait()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        work(sys.argv[1], dies="dies" in sys.argv)
    else:
        main()
