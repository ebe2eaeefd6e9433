"""What is nested is refused beyond a depth of ours, on every version of Python and wherever it is called from."""

from __future__ import annotations

import pytest

from localsocket.wire.strict_json import AmbiguousJSON, check_json

DEEPEST = 200


@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_json_is_nested_two_hundred_times_and_no_more(opens: str, closes: str) -> None:
    each = opens.count("[") + opens.count("{")
    allowed = DEEPEST // each
    check_json((opens * allowed + "1" + closes * allowed).encode())
    for times in (allowed + 1, 100_000):
        with pytest.raises(AmbiguousJSON, match="nested more than 200 times"):
            check_json((opens * times + "1" + closes * times).encode())


IN_STRINGS = ['["%s"]' % ("[" * 1000), '["\\\\", "\\"%s"]' % ("{" * 1000), '["\\\\\\"%s"]' % ("[" * 1000)]


@pytest.mark.parametrize("text", [*IN_STRINGS, "[%s[]]" % ("[]," * 1000)], ids=["", "escaped", "twice", "many"])
def test_brackets_in_strings_and_beside_each_other_are_not_nested(text: str) -> None:
    check_json(text.encode())


@pytest.mark.parametrize("rest", ['"' + '\\"' * 200_000, '"' * 400_001, '"' + "\\" * 400_001, "]" * 400_000])
def test_a_string_that_does_not_end_takes_no_longer_than_it_is(rest: str) -> None:
    with pytest.raises(AmbiguousJSON):  # in no time; what tries each quote as a beginning would take minutes
        check_json(("[" * 300 + rest).encode())
