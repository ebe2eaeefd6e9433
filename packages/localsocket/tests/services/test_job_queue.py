"""The queue of docs/jobs.md, and one of plain functions, with workers that are processes: slow, stopped, killed."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from localsocket import Client
from localsocket.testing import PATIENCE
from programs import Program
from repository import DOCS
from services.conftest import ADDRESS

PAGE = DOCS / "jobs.md"
JOBS = [f"job {number}" for number in range(60)]
LONG, SHORT = 3600.0, 0.3


@pytest.fixture(params=["page", "plain"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextlib.contextmanager
def queue_of_jobs(kind: str, directory: Path, *, lease: float, jobs: list[str]) -> Iterator[Client]:
    """Serve a queue in a process of its own; give a client of it, which has put these jobs."""
    program = re.search(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert program is not None
    (file := directory / "jobs_of_page.py").write_text(program[1], encoding="utf-8")
    with Program("serve_jobs.py", kind, ADDRESS, lease, file) as server:
        assert server.read() == {"serving": ADDRESS}
        with Client(ADDRESS, call_timeout=PATIENCE) as client:
            for job in jobs:
                client.call("put", job)
            yield client


@contextlib.contextmanager
def worker(when: str) -> Iterator[Program]:
    """Run a worker, which is killed in the end: it would wait for jobs without end."""
    with contextlib.closing(Program("do_jobs.py", ADDRESS, when)) as program:
        assert program.read() == {"ready": True}
        yield program


def jobs_done_by(quick: Program, count: int) -> list[str]:
    """Return so many jobs, each of which the worker has and then has done."""
    done = []
    for _ in range(count):
        done.append(quick.read()["has"])
        assert quick.read() == {"done": True}
    return done


@pytest.mark.long
def test_a_slow_worker_holds_one_job_and_that_of_a_killed_one_is_done_by_another(kind: str, tmp_path: Path) -> None:
    with (
        queue_of_jobs(kind, tmp_path, lease=LONG, jobs=JOBS) as client,
        worker("when told") as slow,
        worker("when told") as killed,
    ):
        slow_job, lost_job = slow.read()["has"], killed.read()["has"]
        killed.kill()
        with worker("at once") as quick:
            done = jobs_done_by(quick, len(JOBS) - 1)
            assert client.call("left") == 1
            assert sorted([*done, slow_job]) == sorted(JOBS)  # each once, and nobody else had more than one
            assert lost_job in done
            slow.write("go on\n")
            assert slow.read() == {"done": True}
            assert client.call("left") == 0


@pytest.mark.long
def test_a_worker_that_dies_between_two_jobs_takes_none_with_it(kind: str, tmp_path: Path) -> None:
    with queue_of_jobs(kind, tmp_path, lease=LONG, jobs=JOBS[:1]) as client:
        with worker("at once") as waiting:
            assert jobs_done_by(waiting, 1) == JOBS[:1]
        for job in JOBS[1:5]:
            client.call("put", job)
        with worker("at once") as quick:
            assert sorted(jobs_done_by(quick, 4)) == JOBS[1:5]  # what the dead one had comes back behind others


@pytest.mark.long
def test_the_job_of_a_worker_that_hangs_is_done_by_another_when_its_lease_is_over(kind: str, tmp_path: Path) -> None:
    with (
        queue_of_jobs(kind, tmp_path, lease=SHORT, jobs=JOBS[:1]),
        worker("when told") as stopped,
    ):
        assert stopped.read() == {"has": JOBS[0]}
        os.kill(stopped.pid, signal.SIGSTOP)
        with worker("when told") as other:
            assert other.read() == {"has": JOBS[0]}
            os.kill(stopped.pid, signal.SIGCONT)
            stopped.write("go on\n")
            assert stopped.read() == {"done": False}
