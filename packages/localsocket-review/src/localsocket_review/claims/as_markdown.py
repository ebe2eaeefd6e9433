"""The answers as Markdown: a reply for each remark, ready to be posted."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.claims.checking import CheckedReview
from localsocket_review.claims.claim import CheckedClaim, NotAClaim, Verdict
from localsocket_review.claims.structured import Remark

_WORDS = {
    Verdict.SUPPORTED: "**Supported.**",
    Verdict.REFUTED: "**Refuted.**",
    Verdict.UNDECIDED: "**Cannot be decided here.**",
}


def markdown_of_checked(checked: CheckedReview) -> str:
    lines = [f"**{checked.summary}**", ""]
    for title, claims in _by_remark(checked):
        lines += [f"### {title}", ""] if title else []
        for one in claims:
            lines += [*_quoted(one.claim.text), "", f"{_WORDS[one.answer.verdict]} {_plain(one.answer.reason)}", ""]
            lines += [f"- `{place.place}`: {_code(place.note)}" for place in one.answer.places]
            lines += [""] if one.answer.places else []
    if checked.not_claims:
        lines += ["### Not answered", "", *_not_answered(checked.not_claims), ""]
    lines.append(f"Searched: {checked.searched}.")
    return "\n".join(lines) + "\n"


def _by_remark(checked: CheckedReview) -> Iterator[tuple[str, list[CheckedClaim]]]:
    """Yield the claims of each comment, or of each point, with its title."""
    current: list[CheckedClaim] = []
    key: tuple[str, Remark | None] | None = None
    for one in checked.claims:
        its = (one.claim.point, one.remark)
        if key is not None and its != key:
            yield _title(*key), current
            current = []
        key = its
        current.append(one)
    if key is not None:
        yield _title(*key), current


def _title(point: str, remark: Remark | None) -> str:
    if remark is not None:
        return f"[{remark.title}]({remark.url})" if remark.url else remark.title
    return f"Point {point}" if point else ""


def _not_answered(sentences: tuple[NotAClaim, ...]) -> Iterator[str]:
    for one in sentences:
        yield f"- Line {one.line}: {_plain(one.text)} ({one.why})"


def _quoted(text: str) -> list[str]:
    return [f"> {line}" for line in text.splitlines() or [""]]


def _plain(text: str) -> str:
    """Return the text with what Markdown would take for a tag made harmless."""
    return text.replace("<", "&lt;")


def _code(note: str) -> str:
    return f"`` {note} ``" if "`" in note else f"`{note}`"
