"""Reviews that programs wrote: comments of GitHub, SARIF, our own JSON. What is none of these is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

ACCEPTED = (
    "prose or Markdown, GitHub's review comments (the JSON of `pulls/N/comments`, or of `gh pr view --json "
    "reviews,comments`), SARIF 2.1.0, and the JSON of `localsocket review --format json`"
)
_FEW_ZEROS = 8  # a text has none; what has more was read in the wrong encoding, or is no text
_JSON_BEGINS = re.compile(r"\s*(?:\{\s*(?:\"|\})|\[\s*(?:\{|\[|\]))")
_OTHER_FORMATS = (
    (re.compile(r"\s*<\?xml|\s*<(?:checkstyle|testsuites?|html|!DOCTYPE|results)\b", re.IGNORECASE), "XML or HTML"),
    (re.compile(r"diff --git |--- a/|Index: "), "a patch"),
    (re.compile(r"%PDF-"), "PDF"),
    (re.compile(r"(?:[\w \"-]+[,;\t]){2,}[\w \"-]+\r?\n(?:[^\n]*[,;\t]){2,}"), "a table of values"),
)


class NotAReview(ValueError):
    """The text is structured, and of no kind that is read. `found` says what it is."""

    def __init__(self, found: str) -> None:
        super().__init__(f"this review is {found}, which is not read; what is read is {ACCEPTED}")
        self.found = found


@dataclass(frozen=True, slots=True)
class Remark:
    """One comment or result: its text, and the line that it is tied to, 0 for none.

    `rule` is that of a tool; `is_ours`: one of our own rules found it. `original` is what came in, to be sent back.
    """

    text: str
    file: str = ""
    line: int = 0
    author: str = ""
    url: str = ""
    rule: str = ""
    is_ours: bool = False
    is_verdict: bool = False
    original: dict[str, object] | None = None

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file

    @property
    def title(self) -> str:
        """Where it stands and who wrote it, in words."""
        what = ", ".join(part for part in (self.place, self.rule) if part)
        return f"{what} ({self.author})" if what and self.author else what or self.author


def remarks_in(text: str) -> list[Remark] | None:
    """Return the remarks of a structured review, or None for prose. Raises NotAReview for any other structure."""
    plain = text.removeprefix("\ufeff")
    if plain.count("\0") > _FEW_ZEROS:
        raise NotAReview("no text")
    for pattern, name in _OTHER_FORMATS:
        if pattern.match(plain):
            raise NotAReview(name)
    if not _JSON_BEGINS.match(plain):
        return None
    try:
        document = json.loads(plain)
    except (ValueError, RecursionError) as error:
        raise NotAReview(f"like JSON, and is none ({error})") from None
    return list(_remarks(document))


def _remarks(document: object) -> Iterator[Remark]:
    match document:
        case {"runs": list(runs)}:
            yield from _of_sarif(runs)
        case {"findings": list(findings), "verdict": str(verdict)}:
            yield from _of_ours(findings, verdict)
        case {"reviews": list()} | {"comments": list()}:
            yield from _of_pull_request(document)
        case {"body": str()}:
            yield from _of_comments([document])
        case list(items) if all(isinstance(one, dict | list) for one in items):
            flat = [one for item in items for one in (item if isinstance(item, list) else [item])]
            if not all(isinstance(one, dict) and "body" in one for one in flat):
                raise NotAReview("JSON of another kind")
            yield from _of_comments(flat)
        case _:
            raise NotAReview("JSON of another kind")


# --- GitHub -----------------------------------------------------------------------------------------------------------


def _of_pull_request(document: object) -> Iterator[Remark]:
    if isinstance(document, dict):
        for key in ("reviews", "comments"):
            found = document.get(key) or []
            yield from _of_comments(found if isinstance(found, list) else [])


def _of_comments(comments: Sequence[object]) -> Iterator[Remark]:
    for comment in comments:
        if not isinstance(comment, dict):
            continue
        body = comment.get("body")
        if isinstance(body, str) and body.strip():
            yield Remark(
                body,
                _text(comment, "path"),
                _line_of(comment),
                _author(comment),
                _text(comment, "html_url") or _text(comment, "url"),
                original=comment,
            )
        inner = comment.get("comments")
        if isinstance(inner, list):
            yield from _of_comments(inner)


def _line_of(comment: dict[str, object]) -> int:
    """Return the line of the new code; a comment on what was removed, or on an older version, has none."""
    if comment.get("side") == "LEFT":
        return 0
    line = comment.get("line")
    return line if isinstance(line, int) else 0


def _author(comment: dict[str, object]) -> str:
    author = comment.get("user") or comment.get("author")
    return _text(author, "login") if isinstance(author, dict) else ""


def _text(found: dict[str, object], key: str) -> str:
    value = found.get(key)
    return value if isinstance(value, str) else ""


# --- SARIF and our own JSON -------------------------------------------------------------------------------------------

_OURS = re.compile(r"LS\d{3}")


def _of_sarif(runs: Sequence[object]) -> Iterator[Remark]:
    for run in runs:
        if not isinstance(run, dict):
            continue
        name = _text(_part(_part(run, "tool"), "driver"), "name")
        results = run.get("results")
        for result in results if isinstance(results, list) else []:
            if isinstance(result, dict) and result.get("kind", "fail") not in ("pass", "notApplicable"):
                yield _of_result(result, name)
        verdict = _text(_part(run, "properties"), "verdict")
        if verdict and name == "localsocket review":
            yield Remark(verdict, author=name, is_ours=True, is_verdict=True)


def _of_result(result: dict[str, object], tool: str) -> Remark:
    location: dict[str, object] = {}
    locations = result.get("locations")
    if isinstance(locations, list) and locations and isinstance(locations[0], dict):
        location = _part(locations[0], "physicalLocation")
    line = _part(location, "region").get("startLine")
    rule = _text(result, "ruleId") or _text(_part(result, "rule"), "id")
    message = _part(result, "message")
    return Remark(
        _text(message, "text") or _text(message, "markdown") or rule,
        unquote(_text(_part(location, "artifactLocation"), "uri")).removeprefix("file://"),
        line if isinstance(line, int) else 0,
        tool,
        rule=rule,
        is_ours=tool == "localsocket review" and _OURS.fullmatch(rule) is not None,
        original=result,
    )


def _part(found: dict[str, object], key: str) -> dict[str, object]:
    value = found.get(key)
    return value if isinstance(value, dict) else {}


def _of_ours(findings: Sequence[object], verdict: str) -> Iterator[Remark]:
    for finding in findings:
        if isinstance(finding, dict):
            line = finding.get("line")
            yield Remark(
                _text(finding, "message"),
                _text(finding, "file"),
                line if isinstance(line, int) else 0,
                "localsocket review",
                rule=_text(finding, "rule"),
                is_ours=_OURS.fullmatch(_text(finding, "rule")) is not None,
                original=finding,
            )
    yield Remark(verdict, author="localsocket review", is_ours=True, is_verdict=True)
