"""Who waits for a review sees how far it has come; nobody else does."""

from __future__ import annotations

import io

from rich.console import Console

from localsocket_review.cli.progress import LateProgress


def shown_after(after: float, is_terminal: bool) -> str:
    output = io.StringIO()
    with LateProgress(Console(file=output, force_terminal=is_terminal, width=100), after) as progress:
        progress("reading", 3, 7)
        progress("reading", 4, 7)
        progress("checking", 1, 2)
    return output.getvalue()


def test_a_person_who_waits_is_shown_each_kind_of_work() -> None:
    shown = shown_after(-1, is_terminal=True)
    assert "reading" in shown
    assert "4/7" in shown
    assert "checking" in shown


def test_a_short_review_shows_nothing() -> None:
    assert not shown_after(60, is_terminal=True)


def test_a_pipe_is_shown_nothing() -> None:
    assert not shown_after(-1, is_terminal=False)
