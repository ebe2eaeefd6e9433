"""A window of Qt that follows a job of a service: a progress bar, a live topic, and buttons that start and cancel.

python examples/qt_jobs.py serve            # in one terminal
python examples/qt_jobs.py                  # the window, in another
python examples/qt_jobs.py --picture a.png  # both at once; saves a picture of the window at work, and ends
"""

from __future__ import annotations

import argparse
import itertools
import sys
import threading
import time
from collections.abc import Iterator

from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

import localsocket
from localsocket import qt

NAME = "demo.qt-jobs"


def make_service(pause: float) -> localsocket.Service:
    """Return a service with one kind of job, whose steps take `pause` seconds, and a topic that tells what is done."""
    service = localsocket.Service(NAME)
    log = service.topic("log", str)
    numbers = itertools.count(1)

    @service.method
    def build(target: str) -> Iterator[int]:
        number = next(numbers)
        log.publish(f"job {number}: {target} has begun")
        try:
            for percent in range(0, 101, 5):
                yield percent
                if percent % 25 == 0:
                    log.publish(f"job {number}: {percent} % of {target}")
                time.sleep(pause)
            log.publish(f"job {number}: done")
        except GeneratorExit:
            log.publish(f"job {number}: cancelled")
            raise

    return service


class Window(QWidget):
    """Everything that comes is told by signals: the window never waits, and there is no thread."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("Jobs")
        self.client = qt.Client(NAME, parent=self, reconnect=True, wait_for_server=True)
        self.job: qt.Stream | None = None

        self.state = QLabel("looking for the service …")
        self.bar = QProgressBar()
        self.start = QPushButton("Start")
        self.cancel = QPushButton("Cancel")
        self.lines = QListWidget()
        buttons = QHBoxLayout()
        for each in (self.start, self.cancel):
            buttons.addWidget(each)
        column = QVBoxLayout(self)
        for part in (self.state, self.bar):
            column.addWidget(part)
        column.addLayout(buttons)
        column.addWidget(self.lines)
        self.resize(420, 300)

        self.start.clicked.connect(self.start_job)
        self.cancel.clicked.connect(self.cancel_job)
        self.client.connected.connect(lambda: self.state.setText(f"connected to {self.client.service}"))
        self.client.disconnected.connect(lambda error: self.state.setText(f"waiting for the service: {error}"))
        # Taken up again when the service is back; the object lives as long as the client does.
        self.client.subscribe("log", str, resume=True).received.connect(lambda line: self.lines.addItem(line))
        self.show_job(None)

    def start_job(self) -> None:
        job = self.client.stream("build", "demo", timeout=60, prefetch=1)  # no more is built than is shown
        job.received.connect(self.bar.setValue)
        job.ended.connect(lambda: self.show_job(None))
        job.failed.connect(self.job_failed)
        self.show_job(job)

    def cancel_job(self) -> None:
        if self.job is not None:
            self.job.close()
            self.show_job(None)

    def job_failed(self, error: Exception) -> None:
        self.lines.addItem(f"the job failed: {error}")
        self.show_job(None)

    def show_job(self, job: qt.Stream | None) -> None:
        self.job = job
        self.start.setEnabled(job is None)
        self.cancel.setEnabled(job is not None)


def save_picture(window: Window, path: str) -> None:
    """Start a job, save a picture of the window at 60 %, cancel the job, and end when the topic has told that."""

    def look(percent: int) -> None:
        if percent == 60:
            if not window.grab().save(path):
                sys.exit(f"cannot write {path}")
            window.cancel_job()

    def ends(line: str) -> None:
        if line.endswith("cancelled"):
            window.close()

    log = window.client.subscribe("log", str)
    log.received.connect(ends)
    log.begun.connect(window.start_job)
    log.begun.connect(lambda: window.job is not None and window.job.received.connect(look))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("what", nargs="?", choices=["serve", "window"], default="window")
    options.add_argument("--picture", metavar="FILE", help="serve as well, and save a picture of the window at work")
    chosen = options.parse_args()
    if chosen.what == "serve":
        with localsocket.ServerThread(NAME, make_service(0.2)):
            threading.Event().wait()
    application = QApplication(sys.argv[:1])
    window = Window()
    window.show()
    if chosen.picture is None:
        sys.exit(application.exec())
    with localsocket.ServerThread(NAME, make_service(0)):
        save_picture(window, chosen.picture)
        application.exec()
        window.client.close()
    print("\n".join(window.lines.item(row).text() for row in range(window.lines.count())))


if __name__ == "__main__":
    main()
