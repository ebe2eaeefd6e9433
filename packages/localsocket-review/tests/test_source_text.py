"""What the model knows of a file's text: its lines, and its code without comments."""

from __future__ import annotations

import pytest

from localsocket_review.model.expressions import Cast
from localsocket_review.model.unit import Language, Unit
from localsocket_review.reading.cpp_reader import read_cpp
from localsocket_review.suppressions import suppressions_in


def python(source: str) -> Unit:
    return Unit("a.py", Language.PYTHON, source)


def cpp(source: str) -> Unit:
    return Unit("a.cpp", Language.CPP, source)


@pytest.mark.parametrize("source", ["", "\n", "one", "one\n", "one\ntwo", "\n\none\r\ntwo\x0cthree\u2028four\n\n"])
def test_lines_are_those_between_line_feeds(source: str) -> None:
    lines = source.split("\n")
    unit = python(source)
    assert [unit.line(number) for number in range(1, len(lines) + 1)] == lines
    assert (unit.line(0), unit.line(len(lines) + 1)) == ("", "")


def test_a_span_holds_its_first_and_last_line() -> None:
    unit = python("one\ntwo\nthree\nfour\n")
    assert unit.source[unit.span(2, 3)] == "two\nthree"
    assert unit.source[unit.span(4, 99)] == "four\n"
    assert unit.source[unit.span(3, 2)] == ""


@pytest.mark.parametrize(
    ("source", "code", "bare"),
    [
        ("x = 1  # y", "x = 1     ", "x = 1     "),
        ("s = '#' + \"#\"  # '", "s = '#' + \"#\"     ", "s =     +         "),
        ('"""Doc\nx."""\ny', "      \n     \ny", "      \n     \ny"),
        ('f\'{x}#\' + f"""{y}\n#"""', 'f\'{x}#\' + f"""{y}\n#"""', 'f\'{x}#\' + f"""{y}\n#"""'),
        (r"s = '\'#' # c", r"s = '\'#'    ", "s =          "),
    ],
)
def test_code_of_python_has_no_comments(source: str, code: str, bare: str) -> None:
    unit = python(source)
    assert (unit.code, unit.bare_code) == (code, bare)


@pytest.mark.parametrize(
    ("source", "code", "bare"),
    [
        ("a; // b", "a;     ", "a;     "),
        ("a; /* b\nc */ d;", "a;     \n     d;", "a;     \n     d;"),
        ('f("// no"); // yes', 'f("// no");       ', "f(       );       "),
        ("'\"'; x; '\"' // y", "'\"'; x; '\"'     ", "'\"'; x; '\"'     "),
        ('R"--(a "// b)--"; c', 'R"--(a "// b)--"; c', "                ; c"),
        ("1'000; // don't", "1'000;         ", "1'000;         "),
        ("#if A // b\n#endif", "#if A     \n#endif", "#if A     \n#endif"),
    ],
)
def test_code_of_c_has_no_comments(source: str, code: str, bare: str) -> None:
    unit = cpp(source)
    assert (unit.code, unit.bare_code) == (code, bare)


@pytest.mark.parametrize(
    ("cast", "kind"),
    [
        ("qobject_cast<Client *>(sender())", "qobject_cast"),
        ("static_cast<Client *>(sender())", "static_cast"),
        ("(Client *)sender()", ""),
    ],
)
def test_a_cast_knows_by_which_word_it_is_made(cast: str, kind: str) -> None:
    unit = read_cpp("a.cpp", f"void f() {{ auto *c = {cast}; }}\n".encode())
    (found,) = (one for one in unit.functions[0].expressions() if isinstance(one, Cast))
    assert (found.type.replace(" ", ""), found.kind) == ("Client*", kind)


@pytest.mark.parametrize("between", ["", "\n", "// more\n", "/* more\n   of it */\n", "#ifdef LINUX\n"])
def test_a_comment_to_the_reviewer_is_about_the_next_line_of_code(between: str) -> None:
    text = f"void f() {{\n// localsocket: ignore[LS201] why\n{between}*p = 1;\ng();\n}}\n"
    (found,) = suppressions_in(read_cpp("a.cpp", text.encode()))
    assert text.split("\n")[found.last_line - 1] == "*p = 1;"
