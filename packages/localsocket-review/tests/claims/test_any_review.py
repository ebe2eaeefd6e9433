"""Whatever somebody writes is read, and nothing is ever supported without a place."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localsocket_review.analysis.facts import Facts
from localsocket_review.claims.checking import check_review_of_code
from localsocket_review.claims.claim import Answer, Verdict
from localsocket_review.claims.kinds import all_kinds
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.claims.structured import NotAReview
from localsocket_review.model.program import Program
from localsocket_review.reading.collecting import collect, read_file

HERE = Path(__file__).parent
WORDS = re.findall(
    r"\S+",
    "is are not never no and or but , ; : . ? ! the a it which without because unused leaks thread-safe `run()` "
    "`ServerThread` ServerThread::run `Q_OBJECT` `delete` listen() `read(char *, qint64)` main pickle 3 two functions "
    "classes missing inconsistent naming overload use should might return value ignored size unchecked permissions "
    "world-writable security defects tests exists inherits from calls LS106 CWE-78 server.py server.py:6 `x` < > ` ** "
    "* 1. - # ``` | ( ) \" '",
)
EXAMPLES = [example for kind in all_kinds() for example in kind.examples]
SENTENCES = st.one_of(
    st.sampled_from(EXAMPLES), st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join), st.text(max_size=60)
)
REVIEWS = st.lists(SENTENCES, max_size=6).map("\n".join)


@cache
def code() -> Code:
    units = [read_file(path) for path in collect([HERE / "six_points" / "broken", *(HERE / "programs").glob("*.*")])]
    return Code(Facts(Program(units)))


@pytest.mark.long
@given(REVIEWS)
@settings(max_examples=150, deadline=None)
def test_no_review_breaks_the_reader_and_nothing_is_supported_without_a_place(text: str) -> None:
    try:
        checked = check_review_of_code(text, code())
    except NotAReview:
        return  # what begins like JSON and is none
    for one in checked.claims:
        assert one.answer.reason
        assert one.claim.line <= text.count("\n") + 1 + sum(
            text.count(mark) for mark in "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
        )
        if one.answer.verdict is Verdict.SUPPORTED:
            assert one.answer.places


def test_an_answer_cannot_be_made_that_supports_without_a_place() -> None:
    with pytest.raises(ValueError, match="place"):
        Answer(Verdict.SUPPORTED, "because")
