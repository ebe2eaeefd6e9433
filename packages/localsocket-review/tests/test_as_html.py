"""The page shows everything, needs nothing else, and turns nothing that it shows into markup."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from localsocket_review.findings import Category, Confidence
from localsocket_review.report.as_html import html_report
from localsocket_review.report.report import CLEAN_VERDICT
from localsocket_review.report.visible import visible
from localsocket_review.reviewer import review
from localsocket_review.rules import all_rules

EVIL = "<script>alert(1)</script>\"onmouseover='x'"
SERVER = """\
import os
import socket


def serve(path):
    os.unlink(path)  # EVIL
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
"""
VOID = {"meta", "input", "link", "br"}


class Page(HTMLParser):
    """The elements of a page, checked to be nested as they must be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def text(self, *tags: str) -> str:
        return "".join(text for tag, text in self.texts if not tags or tag in tags)


def page_of(tmp_path: Path, source: str = SERVER, name: str = "server.py") -> Page:
    (tmp_path / name).write_text(source, encoding="utf-8")
    return Page(html_report(review([tmp_path]), all_rules()))


def test_the_verdict_comes_first_and_the_findings_follow_with_their_lines(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    assert page.text("h1", "span").startswith("Security defects: CWE-367 (1)")
    assert "server.py:6" in page.text()
    assert "os.unlink(path)" in page.text("mark")
    assert "server.bind(path)" in page.text("mark")
    assert "bound here" in page.text("i")


def test_a_clean_program_has_a_clean_page(tmp_path: Path) -> None:
    page = page_of(tmp_path, "x = 1\n")
    assert page.text("h1") == CLEAN_VERDICT
    assert ("header", {"class": "clean"}) in page.elements


@pytest.mark.parametrize("name", ["server.py", f"{EVIL.replace('/', ':')}.py"])
def test_nothing_of_the_code_or_its_names_becomes_markup(tmp_path: Path, name: str) -> None:
    reason = f"localsocket: ignore[LS103] {EVIL}"
    source = SERVER.replace("EVIL", EVIL) + f"    os.chmod(path, 0o600)  # {reason}\n"
    page = page_of(tmp_path, source, name)
    assert EVIL in page.text()
    known = {"html", "head", "meta", "title", "style", "body", "input", "header", "p", "h1", "h2", "h3", "nav", "label"}
    known |= {"ol", "span", "main", "section", "article", "a", "b", "i", "pre", "code", "mark", "ul", "li"}
    known |= {"details", "summary", "fieldset", "legend", "h4"}
    assert {tag for tag, _ in page.elements} <= known
    attributes = {attribute for _, attributes in page.elements for attribute in attributes}
    assert not {attribute for attribute in attributes if attribute.startswith("on") or attribute == "src"}


def test_nothing_is_loaded_from_anywhere(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    assert not [tag for tag, _ in page.elements if tag in ("link", "script", "img", "iframe")]
    assert "url(" not in page.text("style")
    assert "@import" not in page.text("style")
    policies = [attributes for _, attributes in page.elements if "http-equiv" in attributes]
    assert [one["content"] for one in policies] == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_each_category_can_be_hidden(tmp_path: Path) -> None:
    page = page_of(tmp_path, "void f(QLocalServer *s) { s->listen(n); }\n", "a.cpp")
    page_style = page.text("style")
    boxes = {attributes["id"] for tag, attributes in page.elements if tag == "input"}
    assert "show-reliability" in boxes
    for category in Category:
        assert f"#show-{category}:not(:checked) ~ main .{category}" in page_style
    assert {attributes["for"] for tag, attributes in page.elements if tag == "label"} == boxes


def test_what_cannot_be_seen_is_shown_as_its_escape(tmp_path: Path) -> None:
    page = page_of(tmp_path, SERVER.replace("EVIL", "\u202e back \x1b[31m"))
    assert "\\u202e back \\x1b[31m" in page.text()
    assert visible("a\tb\u200b\udc80ä") == "a\tb\\u200b\\udc80ä"


def test_every_place_leads_to_its_line(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    names = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(names)) == len(names)
    links = [address for tag, attributes in page.elements if tag == "a" and (address := attributes["href"])]
    inside = [address.removeprefix("#") for address in links if address.startswith("#")]
    assert set(inside) <= set(names)
    places = [attributes["href"] for _, attributes in page.elements if attributes.get("class") == "place"]
    assert places[:3] == ["#finding-1-1", "#finding-1-1", "#finding-1-2"]  # the finding, and both of its evidence
    assert "line 8" in page.text("a")
    assert "bound here" in page.text("li")


def test_a_finding_whose_file_is_gone_has_its_place_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(SERVER, encoding="utf-8")
    page = Page(html_report(replace(review([tmp_path]), sources={})))
    assert "server.py:6" in page.text("span")
    assert "pre" not in {tag for tag, _ in page.elements}


def test_a_suspicion_is_told_from_a_defect(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(SERVER, encoding="utf-8")
    report = review([tmp_path])
    words = "not counted in the verdict"
    assert words not in html_report(report)
    uncertain = tuple(replace(finding, confidence=Confidence.LOW) for finding in report.findings)
    assert html_report(replace(report, findings=uncertain)).count(words) == sum(
        finding.is_security_defect for finding in report.findings
    )


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("texts", "grounds"),
    [
        ({"ink", "soft"}, {"paper", "card", "code", "found"}),
        ({"high", "good"}, {"paper", "card"}),
        ({"medium", "low", "note", "link"}, {"card"}),
        ({"ink"}, {"mark"}),
    ],
)
def test_every_text_stands_out_from_its_ground(scheme: int, texts: set[str], grounds: set[str], tmp_path: Path) -> None:
    declared = re.findall(r":root \{(.*?)\}", page_of(tmp_path).text("style"), re.DOTALL)
    colours = dict(re.findall(r"--(\w+): #([0-9a-f]{6})", declared[scheme]))
    for text, ground in itertools.product(texts, grounds):
        dark, bright = sorted((luminance(colours[text]), luminance(colours[ground])))
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, f"{text} on {ground}"  # as WCAG 2.2 asks of text


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, as WCAG 2.2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_both_colour_schemes_and_narrow_windows_are_cared_for(tmp_path: Path) -> None:
    style = page_of(tmp_path).text("style")
    assert "prefers-color-scheme: dark" in style
    assert "max-width: 34rem" in style


def test_each_severity_rule_and_file_can_be_hidden(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text(SERVER, encoding="utf-8")
    page = page_of(tmp_path)
    style = page.text("style")
    classes = [str(attributes["class"]).split() for tag, attributes in page.elements if tag == "article"]
    boxes = {str(attributes["id"]) for tag, attributes in page.elements if tag == "input"}
    for box, hidden in (("severity-high", "article.high"), ("rule-LS106", ".of-LS106"), ("file-2", ".in-file-2")):
        assert box in boxes
        assert f"body:has(#{box}:not(:checked)) {hidden} {{ display: none; }}" in style
        assert [one for one in classes if hidden.rpartition(".")[2] in one]
    assert {f"{tmp_path}/server.py 1", f"{tmp_path}/other.py 1"} <= set(labels(page))


def labels(page: Page) -> list[str]:
    texts = [text for tag, text in page.texts if tag in ("label", "span")]
    return ["".join(pair) for pair in itertools.pairwise(texts)]


def test_findings_stand_under_their_rule_which_the_page_teaches(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text(SERVER, encoding="utf-8")
    page = page_of(tmp_path)
    groups = [attributes for _, attributes in page.elements if str(attributes.get("class")).startswith("group")]
    assert [one["class"] for one in groups].count("group of-LS106") == 1
    names = {attributes.get("id") for _, attributes in page.elements}
    links = {attributes.get("href") for tag, attributes in page.elements if tag == "a"}
    assert {"about-LS106"} <= names
    assert {"#about-LS106"} <= links
    assert next(rule for rule in all_rules() if rule.id == "LS106").why in page.text("p")


def test_what_was_not_checked_stands_before_the_findings(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    told = [text.strip() for _, text in page.texts if text.strip()]
    assert told.index("Not checked") < told.index("1.")
