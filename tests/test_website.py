"""The documentation site has every page, and its links lead where the repository's do. Building it is a check of CI."""

from __future__ import annotations

from pathlib import Path

import pytest
from website.build import CONFIGURATION, ROOT, lost_pages
from website.for_programs import write_for_programs
from website.navigation import read_navigation
from website.pages import Pages
from website.reference import PAGES
from website.three_shells import PICTURE, picture


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "docs" / "rules").mkdir(parents=True)
    texts = {
        "README.md": "# It\n\nAll of it. And more.\n\n[How](docs/how.md#first) [run](examples/a.py)\n",
        "docs/how.md": "# How\n\nSo: [back](../README.md), ![seen](seen.svg)\n\n```\n[x](../y.md)\n```\n",
        "docs/rules/README.md": "# Rules\n\n[How](../how.md), [there](https://a.example/b)\n",
        "docs/seen.svg": "<svg/>",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_menu_leads_to_every_page(tmp_path: Path) -> None:
    pages = [tmp_path / place for place in Pages(ROOT, tmp_path).places.values()]
    pages += [tmp_path / "reference" / f"{page.module}.md" for page in PAGES]
    assert len(pages) > 50
    assert lost_pages(read_navigation(CONFIGURATION), tmp_path, pages) == []


def test_a_page_that_the_menu_has_not_is_told(tmp_path: Path) -> None:
    pages = [tmp_path / name for name in ("index.md", "new.md", "rules/LS101.md", "seen.svg")]
    assert lost_pages([{"Start": [{"It": "index.md"}]}], tmp_path, pages) == ["new.md"]


def test_links_lead_to_where_the_pages_are_on_the_site(repository: Path, tmp_path: Path) -> None:
    staged = tmp_path / "staged"
    Pages(repository, staged).write()
    assert "[How](how.md#first) `run`" in (staged / "index.md").read_text()
    assert "[back](index.md), ![seen](seen.svg)" in (staged / "how.md").read_text()
    assert "[How](../how.md), [there](https://a.example/b)" in (staged / "rules" / "index.md").read_text()
    assert (staged / "seen.svg").read_text() == "<svg/>"


def test_what_stands_in_a_block_of_code_is_no_link(repository: Path, tmp_path: Path) -> None:
    Pages(repository, tmp_path / "staged").write()
    assert "[x](../y.md)" in (tmp_path / "staged" / "how.md").read_text()


def test_programs_get_a_list_of_the_pages_and_all_of_them_in_one(repository: Path, tmp_path: Path) -> None:
    staged, site = tmp_path / "staged", tmp_path / "site"
    Pages(repository, staged).write()
    site.mkdir()
    write_for_programs([{"Start": [{"a": "index.md"}]}, {"More": [{"b": [{"c": "rules/index.md"}]}]}], staged, site)
    listed = (site / "llms.txt").read_text().splitlines()
    assert listed[:7] == ["# It", "", "> All of it.", "", "## Start", "", "- [It](./): All of it."]
    assert listed[7:] == ["", "## More", "", "- [Rules](rules/): "]
    assert (site / "llms-full.txt").read_text().count("\n# Rules\n") == 1


def test_the_reference_for_programs_has_each_public_name_with_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "index.md").write_text("# It\n\nAll of it.\n")
    write_for_programs([{"Reference": [{"errors": "reference/localsocket.errors.md"}]}], tmp_path, tmp_path)
    whole = (tmp_path / "llms-full.txt").read_text()
    assert "## localsocket.errors.DeadlinePassed(" in whole
    assert "## localsocket.errors.ServerNotFound(" in whole


def test_the_picture_of_the_demonstration_shows_what_the_readme_has() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture((ROOT / "README.md").read_text(encoding="utf-8"))


def test_a_picture_has_a_terminal_for_each_shell_with_what_is_typed_and_shown() -> None:
    session = "<!-- shell: {} -->\n```console\n$ say '<hi>'\n  hi\n```\n"
    svg = picture(session.format("first") + session.format("second") + "<!-- shell: first -->\n```console\n^C\n```\n")
    assert [svg.count(each) for each in ("first shell", "second shell", "<rect", "^C")] == [1, 1, 2, 0]
    assert svg.count("say '&lt;hi&gt;'") == svg.count(">  hi<") == 2
