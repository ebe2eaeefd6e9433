"""Of the generated flows nearly every defect is found and hardly a good twin is accused; the page shows the counts."""

from __future__ import annotations

from functools import cache

import pytest

from flows.flow import Language, Twin, flows
from flows.table import DOCUMENT, LANGUAGES, Measured, measure, section

LEAST_FOUND = 0.95
MOST_ACCUSED = 0.01

measured = cache(measure)


def check(found: Measured) -> None:
    assert found.total.found >= LEAST_FOUND * found.total.bad, [flow.name for flow in found.wrong]
    assert found.total.accused <= MOST_ACCUSED * found.total.good, [flow.name for flow in found.wrong]


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_defects_are_found_and_good_twins_left_alone(language: Language) -> None:
    check(measure(language, are_all=False))


@pytest.mark.exhaustive
@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_the_same_holds_for_every_way_with_each_kind_of_sink(language: Language) -> None:
    check(measured(language))


@pytest.mark.exhaustive
def test_the_page_shows_what_is_found() -> None:
    page = DOCUMENT.read_text(encoding="utf-8")
    assert section([measured(language) for language in LANGUAGES]) in page, "run tests/flows/table.py"


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_a_twin_differs_from_its_defect(language: Language) -> None:
    """A guard or a clean source that changes nothing would prove nothing."""
    texts: dict[tuple[str, str, str], set[str]] = {}
    for flow in flows(language):
        texts.setdefault((flow.source.name, flow.way.name, flow.sink.name), set()).add(str(flow.files))
    assert {len(each) for each in texts.values()} == {len(Twin)}


@pytest.mark.long
def test_flows_in_python_are_programs() -> None:
    python = LANGUAGES[-1]
    for flow in flows(python, are_all=False):
        for name, text in flow.files.items():
            compile(text, name, "exec")
