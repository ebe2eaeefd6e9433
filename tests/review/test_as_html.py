"""The page shows everything, needs nothing else, and turns nothing that it shows into markup."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from localsocket.review.findings import Category
from localsocket.review.report.as_html import html_report
from localsocket.review.report.report import CLEAN_VERDICT
from localsocket.review.report.visible import visible
from localsocket.review.reviewer import review

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
    return Page(html_report(review([tmp_path])))


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
    known |= {"span", "main", "section", "article", "a", "b", "i", "pre", "code", "mark", "ul", "li"}
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


def test_both_colour_schemes_and_narrow_windows_are_cared_for(tmp_path: Path) -> None:
    style = page_of(tmp_path).text("style")
    assert "prefers-color-scheme: dark" in style
    assert "max-width: 34rem" in style
