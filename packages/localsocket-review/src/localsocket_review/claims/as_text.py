"""The answers as text, point by point in the order of the review."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from localsocket_review.claims.checking import CheckedReview
from localsocket_review.claims.claim import CheckedClaim, Verdict
from localsocket_review.claims.structured import Remark

_COLOURS = {Verdict.SUPPORTED: "bold green", Verdict.REFUTED: "bold red", Verdict.UNDECIDED: "yellow"}
_LONGEST = 160  # characters of a claim that are repeated


def print_checked(checked: CheckedReview, console: Console) -> None:
    """Print the counts first, then each claim with its answer and the places that show it."""
    _line(console, Text(checked.summary, "bold"))
    point: tuple[str, Remark | None] | None = None
    for number, one in enumerate(checked.claims, 1):
        if (one.claim.point, one.remark) != point:
            point = one.claim.point, one.remark
            _line(console)
            title = (
                one.remark.title if one.remark is not None else f"Point {one.claim.point}" if one.claim.point else ""
            )
            if title:
                _line(console, Text(title, "bold"))
        _print_claim(console, number, one)
    _line(console)
    if checked.not_claims:
        _line(console, Text("Not answered", "bold"))
        for other in checked.not_claims:
            _line(console, Text(f'   Line {other.line}: "{_shortened(other.text)}" ({other.why})', "dim"))
        _line(console)
    for sentence in checked.not_read:
        _line(console, Text(f"Not read: {sentence}", "dim"))
    _line(console, Text(f"Searched: {checked.searched}.", "dim"))


def _print_claim(console: Console, number: int, one: CheckedClaim) -> None:
    verdict = one.answer.verdict
    about = f" ({', '.join(one.claim.names)})" if one.claim.names else ""
    head = Text.assemble(
        f"{number}. ",
        (verdict.value.capitalize(), _COLOURS[verdict]),
        f": {one.claim.kind}{about}",
    )
    _line(console, head)
    _line(console, Text(f'   Line {one.claim.line}: "{_shortened(one.claim.text)}"', "dim"))
    _line(console, Text(f"   {one.answer.reason}"))
    for evidence in one.answer.places:
        _line(console, Text(f"   {evidence.place}: {evidence.note}", "dim"))


def _title(one: CheckedClaim) -> str:
    if one.remark is not None:
        return one.remark.title
    return f"Point {one.claim.point}" if one.claim.point else ""


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rsplit(' ', 1)[0]} ..."


def _line(console: Console, text: Text | str = "") -> None:
    console.print(text, soft_wrap=True, highlight=False)
