"""The report as one page that needs nothing else: no network, no other file.

Whatever comes from the files reviewed is text here and never markup; a content policy holds that too, should it fail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape as escape_markup
from importlib.resources import files

from localsocket_review.findings import Category, Finding
from localsocket_review.model.place import Place
from localsocket_review.report.addresses import weakness_address
from localsocket_review.report.columns import line_of, stretch
from localsocket_review.report.html_filters import Filters, filters_of
from localsocket_review.report.report import Report, counted
from localsocket_review.report.visible import visible
from localsocket_review.rules.rule import Rule

_AROUND = 2  # lines shown before and after
_FEW = 8  # sentences that are open at once; more of them would push the findings out of sight
_WEAKNESS = re.compile(r"(\S+ \(\d+\))")
_FAR = 8  # evidence that is farther away has a stretch of its own
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{style}{choices}</style>
</head>
<body>
{body}
</body>
</html>
"""
_HEADINGS = {
    Category.SECURITY: "Security",
    Category.RELIABILITY: "Reliability",
    Category.PERFORMANCE: "Performance",
    Category.MAINTAINABILITY: "Maintainability",
}
_Anchors = Mapping[tuple[str, int], str]  # what a line of a file is called in the page


def html_report(report: Report, rules: Sequence[Rule] = ()) -> str:
    """Return the page, with a part about each of the `rules` that something was found by."""
    style = files("localsocket_review.report").joinpath("page.css").read_text(encoding="utf-8")
    filters = filters_of(report)
    body = "\n".join(_body(report, filters, [rule for rule in rules if rule.id in filters.rules]))
    return _PAGE.format(title=_text(report.verdict), style=style, choices=filters.style(), body=body)


def _body(report: Report, filters: Filters, rules: Sequence[Rule]) -> Iterator[str]:
    counts = {category: len(report.in_category(category)) for category in Category}
    shown = [category for category in Category if counts[category]]
    # The boxes stand before what they hide: these style sheets look forward only.
    for category in shown:
        yield f'<input type="checkbox" id="show-{category}" class="switch" checked>'
    state = "defects" if report.security_defects else "clean" if report.is_complete else "incomplete"
    yield f'<header class="{state}">'
    yield f'<p class="product">localsocket review</p><h1>{_unbroken(report.verdict)}</h1>'
    yield f'<p class="size">{counted(report.reviewed_files, "file")}, {counted(report.lines, "line")}, '
    yield f"{', '.join((counted(len(report.findings), 'finding'), *report.silences))}</p>"
    yield "</header>"
    yield from _beside(report)
    if shown:
        yield '<nav aria-label="categories">'
        for category in shown:
            label = f'{_HEADINGS[category]} <span class="count">{counts[category]}</span>'
            yield f'<label for="show-{category}" class="{category}">{label}</label>'
        yield "</nav>"
    yield "<main>"
    yield from filters.html()
    for category in shown:
        yield f'<section class="{category}"><h2>{_HEADINGS[category]}</h2>'
        yield from _groups(report.in_category(category), report, filters, {rule.id: rule for rule in rules})
        yield "</section>"
    yield from _silenced(report)
    yield from _rules(rules)
    yield "</main>"


def _beside(report: Report) -> Iterator[str]:
    """Tell what the findings do not: what was not checked, what is not shown, and what is gone."""
    lists = (
        ("Gone", [f"{one.rule} {one.file}, since {one.since}: {one.message}" for one in report.gone]),
        ("Not shown", [str(one) for one in report.untold]),
        ("Not checked", report.not_checked),
    )
    for title, sentences in lists:
        if sentences:
            is_open = " open" if len(sentences) <= _FEW else ""
            count = f'<span class="count">{len(sentences)}</span>'
            yield f'<details class="about"{is_open}><summary>{title} {count}</summary>'
            yield f"<ul>{''.join(f'<li>{_text(sentence)}</li>' for sentence in sentences)}</ul></details>"


def _groups(
    numbered: Sequence[tuple[int, Finding]], report: Report, filters: Filters, rules: Mapping[str, Rule]
) -> Iterator[str]:
    """Show findings under their rules, each of which stands where its most severe one is."""
    for rule in dict.fromkeys(finding.rule for _, finding in numbered):
        group = [(number, finding) for number, finding in numbered if finding.rule == rule]
        name = f'<a href="#about-{rule}">{rule}</a> {_text(rules[rule].title)}' if rule in rules else _text(rule)
        yield f'<section class="group of-{_text(rule)}"><h3>{name} <span class="count">{len(group)}</span></h3>'
        for number, finding in group:
            yield from _finding(number, finding, report, filters, rule in rules)
        yield "</section>"


def _silenced(report: Report) -> Iterator[str]:
    if report.silenced:
        yield '<section class="about"><h2>Silenced</h2><ul>'
        for one in report.silenced:
            place = f"<code>{_text(str(one.finding.place))}</code>"
            yield f"<li>{_text(one.finding.rule)} {place}: {_text(one.reason)}</li>"
        yield "</ul></section>"


def _rules(rules: Sequence[Rule]) -> Iterator[str]:
    """Teach each rule, so that nobody needs to look elsewhere."""
    if rules:
        yield '<section class="rules"><h2>The rules</h2>'
    for rule in rules:
        yield f'<section class="rule" id="about-{rule.id}"><h3>{rule.id}: {_text(rule.title)}</h3>'
        yield f'<p>{_text(rule.why)}</p><p class="repair"><b>Repair</b> {_text(rule.repair)}.</p>'
        for example in rule.examples[:1]:
            for word, code in (("With the defect", example.bad), ("Without it", example.good)):
                lines = "".join(f'<span class="line plain">{_text(line)}</span>' for line in code.splitlines())
                yield f'<p class="file">{word}</p><pre tabindex="0"><code>{lines}</code></pre>'
        yield "</section>"
    if rules:
        yield "</section>"


def _finding(number: int, finding: Finding, report: Report, filters: Filters, is_taught: bool) -> Iterator[str]:
    severity = finding.severity.name.lower()
    lines = sorted({(place.file, place.line) for place in finding.places if place.file in report.sources})
    anchors = {line: f"finding-{number}-{position}" for position, line in enumerate(lines, 1)}
    yield f'<article id="finding-{number}" class="{_text(filters.classes(finding))}">'
    yield f'<h4><a class="number" href="#finding-{number}">{number}.</a> {_text(finding.message)}</h4>'
    yield f'<p class="facts"><span class="severity">{severity}</span>'
    if finding.is_suspicion:
        yield "<span>uncertain, and not counted in the verdict</span>"
    rule = _text(finding.rule)
    title = f"localsocket review --explain {rule} teaches this rule"
    yield f'<a href="#about-{rule}" title="{title}">{rule}</a>' if is_taught else f"<span>{rule}</span>"
    if finding.cwe:
        yield f'<a href="{_text(weakness_address(finding.cwe))}" rel="noreferrer">{_text(finding.cwe)}</a>'
    yield f"{_link(finding.place, str(finding.place), anchors)}</p>"
    yield from _code(finding, report, anchors)
    yield from _evidence(finding, anchors)
    yield f'<p class="repair"><b>Repair</b> {_text(finding.repair)}.</p></article>'


def _evidence(finding: Finding, anchors: _Anchors) -> Iterator[str]:
    """List the places that make the finding true, in their order, where there is more than the finding's own."""
    if all(one.place.line == finding.place.line and one.place.file == finding.place.file for one in finding.evidence):
        return
    yield '<ol class="evidence">'
    for one in finding.evidence:
        name = f"line {one.place.line}" if one.place.file == finding.place.file else str(one.place)
        yield f"<li>{_link(one.place, name, anchors)} {_text(one.note)}</li>"
    yield "</ol>"


def _link(place: Place, name: str, anchors: _Anchors) -> str:
    """Return a name that leads to the line where it is shown."""
    anchor = anchors.get((place.file, place.line))
    if anchor is None:
        return f'<span class="place">{_text(name)}</span>'
    return f'<a class="place" href="#{anchor}">{_text(name)}</a>'


def _code(finding: Finding, report: Report, anchors: _Anchors) -> Iterator[str]:
    """Show the lines of the finding and of its evidence, with a word at each place."""
    here = finding.place.line
    marks: dict[tuple[str, int], list[tuple[int, int, str]]] = {}
    for place, note in [(finding.place, ""), *((one.place, one.note) for one in finding.evidence)]:
        line = line_of(report.sources.get(place.file, ""), place.line)
        marks.setdefault((place.file, place.line), []).append((*stretch(place, line), note))
    for file, first, last in _stretches(sorted(marks)):
        source = report.sources.get(file)
        if source is None:
            continue
        if file != finding.place.file:
            yield f'<p class="file">{_text(file)}</p>'
        numbers = list(range(max(1, first - _AROUND), min(last + _AROUND, source.count("\n") + 1) + 1))
        lines = {number: line_of(source, number) for number in numbers}
        while not lines[numbers[-1]].strip() and numbers[-1] > last:
            numbers.pop()
        while not lines[numbers[0]].strip() and numbers[0] < first:
            numbers.pop(0)
        indents = [len(line) - len(line.lstrip()) for number in numbers if (line := lines[number]).strip()]
        yield (
            '<pre tabindex="0"><code>'
            + "".join(
                _opened(anchors.get((file, number)), (file, number) == (finding.place.file, here))
                + _line(number, lines[number], min(indents, default=0), marks.get((file, number), []))
                for number in numbers
            )
            + "</code></pre>"
        )


def _stretches(places: list[tuple[str, int]]) -> Iterator[tuple[str, int, int]]:
    """Yield the lines to show together: file, first line, last line."""
    current: tuple[str, int, int] | None = None
    for file, line in places:
        if current is not None and current[0] == file and line - current[2] <= _FAR:
            current = (file, current[1], line)
            continue
        if current is not None:
            yield current
        current = (file, line, line)
    if current is not None:
        yield current


def _opened(anchor: str | None, is_found_here: bool) -> str:
    name = f' id="{anchor}"' if anchor else ""
    return f'<span class="{"line found" if is_found_here else "line"}"{name}>'


def _line(number: int, text: str, indent: int, marks: list[tuple[int, int, str]]) -> str:
    pieces, at = [], min(indent, min((first for first, _, _ in marks), default=indent))
    for first, last, _ in sorted(marks):
        if first < at:
            continue  # inside of what is marked already
        pieces.append(f"{_text(text[at:first])}<mark>{_text(text[first:last])}</mark>")
        at = last
    pieces.append(_text(text[at:]))
    notes = "".join(f'<i class="word">{_text(note)}</i>' for note in dict.fromkeys(note for *_, note in marks) if note)
    return f'<span class="at">{number}</span>{"".join(pieces)}{notes}</span>\n'


def _unbroken(verdict: str) -> str:
    """Return the verdict with every weakness kept together with its count."""
    pieces = _WEAKNESS.split(verdict)
    return "".join(f"<span>{_text(one)}</span>" if _WEAKNESS.fullmatch(one) else _text(one) for one in pieces)


def _text(text: str) -> str:
    return escape_markup(visible(text))
