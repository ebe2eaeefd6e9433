"""A written review, taken apart into its points and their sentences: prose, Markdown, numbers, tables, code blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_FENCE = re.compile(r"\s*(```+|~~~+)")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(?P<text>.*?)\s*#*\s*$")
_UNDERLINE = re.compile(r"\s{0,3}(?:=+|-{3,})\s*$")
_RULE = re.compile(r"\s{0,3}(?:[-*_]\s*){3,}$")
_NUMBER = re.compile(
    r"(?:(?:point|issue|item|finding|problem|note|comment)\s+#?(?P<word>\d+)\s*[:.)\u2013\u2014-]|"
    r"\((?P<round>\d+)\)|#?(?P<plain>\d+)[.):])\s+",
    re.IGNORECASE,
)
_BULLET = re.compile(r"(?P<indent>\s*)[-*+\u2022\u2013]\s+(?:\[[ xX]\]\s+)?")
_LOCATED = re.compile(r"\s*[\w./-]+\.(?:cpp|cc|cxx|c|h|hpp|hxx|py):\d+\b")  # as compilers and linters begin a line
_TABLE_LINE = re.compile(r"\s*\|?(?:\s*:?-+:?\s*\|)+\s*:?-*:?\s*\|?\s*$")
_TITLE = re.compile(r"\*\*(?P<text>[^*]+?):?\*\*:?\s*$")
_LEADING_TITLE = re.compile(r"\s*(?:\*\*|__)(?P<text>[^*]+?)(?:\*\*|__)[.:]?(?=\s|$)")
_FEW_WORDS = 7  # a first sentence so short is a title
_QUOTE_MARK = re.compile(r"\s{0,3}(?:>\s?)+")

_CODE_SPAN = re.compile(r"(?P<marks>`+)(?P<code>.+?)(?P=marks)")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|vs|cf|approx|resp|incl|no|fig|sec|al)\.$", re.IGNORECASE)
_END = re.compile(r"[.!?]+[\"')\]*]*(?=\s)")
_EMPHASIS = re.compile(r"(?<![\w*])\*(?!\s)([^*]+?)(?<!\s)\*(?![\w*])")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)")
_TAG = re.compile(r"</?(?:b|br|i|p|em|strong|code|li|ul|ol|div|span|h[1-6])\s*/?>", re.IGNORECASE)
_TYPOGRAPHY = str.maketrans({"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " ", "\u2011": "-"})
_INDENTED_CODE = " " * 4


@dataclass(slots=True)
class Sentence:
    """One sentence, with the line where it begins. `begins_item`: what came before it does not lead to it."""

    text: str
    line: int
    is_heading: bool = False
    begins_item: bool = False
    is_code: bool = False  # a block of code, told by its first line


@dataclass(slots=True)
class Point:
    """What stands under one number or heading."""

    label: str
    sentences: list[Sentence] = field(default_factory=list)


@dataclass(slots=True)
class _Block:
    lines: list[tuple[int, str]]
    is_heading: bool = False
    begins_item: bool = False
    is_code: bool = False


def read_review(text: str) -> list[Point]:
    """Return the points of a review in their order; whatever was written is read as something."""
    points = [Point("")]
    for label, block in _labelled_blocks(text.translate(_TYPOGRAPHY).removeprefix("\ufeff").splitlines()):
        if label is not None:
            points.append(Point(label))
        points[-1].sentences.extend(_sentences(block))
    return [point for point in points if point.sentences]


def _labelled_blocks(lines: list[str]) -> Iterator[tuple[str | None, _Block]]:
    """Yield each block with the label of the point that begins with it, or None where the point goes on."""
    for block in _blocks(lines):
        if block.is_code:
            yield None, block
            continue
        number, first = block.lines[0]
        first = first.replace("**", "") if _NUMBER.match(first.replace("**", "").lstrip()) else first
        match = _NUMBER.match(first.lstrip())
        if match is not None and len(first) - len(first.lstrip()) < _NESTED:
            block.lines[0] = (number, first.lstrip()[match.end() :])
            block.begins_item = True
            yield match["word"] or match["round"] or match["plain"], block
        elif block.is_heading:
            yield "", block
        else:
            yield None, block


_NESTED = 2  # columns: what is indented so far belongs to the point above


def _blocks(lines: list[str]) -> Iterator[_Block]:
    current: list[tuple[int, str]] = []
    begins_item = in_list = after_blank = False
    fence = ""
    quoted: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        opening = _FENCE.match(line)
        if fence or opening:
            if not fence and opening:
                fence = opening[1]
            elif line.strip().startswith(fence[:3]) and not line.strip().strip(fence[0]):
                fence = ""
                if quoted:
                    yield _Block(quoted[:1], is_code=True)
                quoted = []
            elif line.strip():
                quoted.append((number, line))
            continue
        line = _QUOTE_MARK.sub("", line) if _QUOTE_MARK.match(line) else line
        heading = _HEADING.match(line)
        underlined = bool(current) and len(current) == 1 and bool(_UNDERLINE.match(line))
        is_code = line.startswith(_INDENTED_CODE) and after_blank and not in_list
        starts_item = bool(
            _BULLET.match(line) or _LOCATED.match(line) or _NUMBER.match(line.replace("**", "").lstrip())
        )
        ends_block = not line.strip() or heading or underlined or starts_item or "|" in line[:1] or _RULE.match(line)
        if ends_block and current:
            yield _Block(current, underlined or _is_title(current), begins_item)
            current, begins_item = [], False
        after_blank = not line.strip()
        if after_blank or underlined or is_code or _TABLE_LINE.match(line) or _RULE.match(line):
            continue
        if heading:
            yield _Block([(number, heading["text"])], is_heading=True, begins_item=True)
            in_list = False
        elif "|" in line[:1]:
            cells = " \u2013 ".join(cell.strip() for cell in line.strip().strip("|").split("|") if cell.strip())
            if cells:
                yield _Block([(number, cells)], begins_item=True)
        elif starts_item:
            bullet = _BULLET.match(line)
            in_list = begins_item = True
            current = [(number, line[bullet.end() :] if bullet else line)]
        else:
            in_list = in_list and line.startswith(" ")
            current.append((number, line))
    if current:
        yield _Block(current, _is_title(current), begins_item)
    if quoted:
        yield _Block(quoted[:1], is_code=True)


def _is_title(lines: list[tuple[int, str]]) -> bool:
    """Say whether a paragraph is nothing but a title in bold: `**Naming**`."""
    return len(lines) == 1 and bool(_TITLE.match(lines[0][1].strip()))


def _sentences(block: _Block) -> Iterator[Sentence]:
    if block.is_code:
        yield Sentence(block.lines[0][1].strip(), block.lines[0][0], is_code=True)
        return
    starts: list[tuple[int, int]] = []
    text = ""
    for number, line in block.lines:
        starts.append((len(text), number))
        text += _plain(line) + " "
    begins_item = block.begins_item
    spans = [span for span in _sentence_spans(text) if re.search(r"\w", text[slice(*span)])]
    leading = _LEADING_TITLE.match(block.lines[0][1])
    for position, (start, end) in enumerate(spans):
        words = text[start:end].strip()
        begins_at = max(at for offset, at in starts if offset <= start)
        is_bold = leading is not None and len(words.split()) <= len(leading["text"].split())
        is_short = begins_item and len(spans) > 1 and len(words.split()) <= _FEW_WORDS
        yield Sentence(words, begins_at, block.is_heading or (position == 0 and (is_bold or is_short)), begins_item)
        begins_item = False


def _sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    hidden = hide_code(text)
    start = 0
    for end in _END.finditer(hidden):
        if _ABBREVIATION.search(hidden[: end.end()].rstrip("\"')]*")) and not hidden[: end.end()].endswith(("!", "?")):
            continue
        yield _trimmed(text, start, end.end())
        start = end.end()
    yield _trimmed(text, start, len(text))


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    return start + len(text[start:end]) - len(text[start:end].lstrip()), end


def _plain(line: str) -> str:
    """Return the words without the marks of Markdown and HTML; code spans stay."""
    pieces: list[str] = []
    position = 0
    for span in _CODE_SPAN.finditer(line):
        pieces.extend((_without_marks(line[position : span.start()]), f"`{span['code'].strip()}`"))
        position = span.end()
    pieces.append(_without_marks(line[position:]))
    return "".join(pieces).strip() if pieces else ""


def _without_marks(text: str) -> str:
    text = _TAG.sub(" ", _LINK.sub(r"\1", text)).replace("**", "")
    return _EMPHASIS.sub(r"\1", text)


def hide_code(text: str) -> str:
    """Return a text of the same length in which quoted code has neither stops nor words."""
    return _CODE_SPAN.sub(lambda span: "`" + "x" * (len(span[0]) - 2) + "`", text)
