"""Whatever stands in a file: the review ends, in a short time, and says what it could not read."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from localsocket_review.model.unit import Unit
from localsocket_review.reading.collecting import collect, read_file
from localsocket_review.reading.cpp_reader import read_cpp
from localsocket_review.report.report import Report
from localsocket_review.reviewer import review
from planted_defects import CASES, CORPUS, files_of

DEEP = 10_000
SECONDS = 60  # far more than it takes, and far less than a hang

PYTHON = "import socket\ns = socket.socket(socket.AF_UNIX)\n"
CPP = "#include <QLocalServer>\n"
NESTED = {
    "parentheses.py": PYTHON + "x = " + "(" * DEEP + "1" + ")" * DEEP + "\n",
    "lists.py": PYTHON + "x = " + "[" * DEEP + "]" * DEEP + "\n",
    "sum.py": PYTHON + "x = " + " + ".join(["s"] * DEEP) + "\n",
    "attributes.py": PYTHON + "s" + ".x" * DEEP + "\n",
    "calls.py": PYTHON + "s" + "()" * DEEP + "\n",
    "branches.py": PYTHON + "".join(" " * depth + "if s:\n" for depth in range(90)) + " " * 90 + "s.recv(1)\n",
    "otherwise.py": PYTHON + "if s: pass\n" + "elif s.recv(1): pass\n" * 3_000,
    "parentheses.cpp": CPP + "int f() { return " + "(" * DEEP + "1" + ")" * DEEP + "; }\n",
    "open_parentheses.cpp": CPP + "int f() { return " + "(" * DEEP,
    "braces.cpp": CPP + "void f() " + "{" * DEEP + "}" * DEEP + "\n",
    "open_braces.cpp": CPP + "void f() " + "{" * DEEP,
    "closed_braces.cpp": CPP + "void f() {}" + "}" * DEEP,
    "branches.cpp": CPP + "void f(int a) { " + "if (a) " * DEEP + "a = 1; }\n",
    "otherwise.cpp": CPP + "void f(int a) { if (a) a = 1;" + " else if (a) a = 1;" * DEEP + " }\n",
    "sum.cpp": CPP + "int f(int a) { return a" + " + a" * DEEP + "; }\n",
    "calls.cpp": CPP + "void f(QLocalServer *s) { s" + "->a()" * DEEP + "; }\n",
    "lambdas.cpp": CPP + "void f() { " + "[] { " * 1_000 + "}; " * 1_000 + "}\n",
    "classes.cpp": CPP + "class A { " * 1_000 + "};" * 1_000 + "\n",
    "namespaces.cpp": CPP + "namespace a { " * 2_000 + "}" * 2_000 + "\n",
    "templates.cpp": CPP + "A" + "<A" * DEEP + ">" * DEEP + " a;\n",
    "pointers.cpp": CPP + "int " + "*" * DEEP + "p;\n",
    "conditions.cpp": CPP + "#if A\n" * 2_000 + "int a;\n" + "#endif\n" * 2_000,
    "casts.cpp": CPP + "int f(int a) { return " + "(int)" * DEEP + "a; }\n",
}
TEMPLATES = """
#include <QLocalSocket>
template <typename... Ts> struct overloaded : Ts... { using Ts::operator()...; };
template <class... Ts> overloaded(Ts...) -> overloaded<Ts...>;
template <typename T, std::enable_if_t<std::is_base_of_v<QObject, T> && (sizeof(T) > 8), int> = 0>
auto make(auto &&...arguments) noexcept(noexcept(T(std::forward<decltype(arguments)>(arguments)...)))
    -> std::unique_ptr<T, void (*)(T *)>;
template <template <typename, auto...> class C, typename T>
    requires requires(T t) { { t.size() } -> std::same_as<int>; }
constexpr auto operator<=>(const C<T> &one, const C<T> &other) = default;
template <> struct std::hash<Name<int, 3>> { size_t operator()(const Name<int, 3> &name) const noexcept; };
template <int N> struct Count : Count<N - 1> { static constexpr int value = Count<N - 1>::value + (N > 1 ? 1 : 0); };
"""
BROKEN = {
    "half.py": "import socket\ndef f(:\n    s = socket.socket(\n",
    "tabs.py": "if x:\n\ty\n        z\n",
    "old.py": "print 'hello'\nexec code in names\n",
    "text.py": "once upon a time\n",
    "half.cpp": "class A : public QObject { Q_OBJECT public: void f( { connect(a, SIGNAL(b(), c, SLOT(d(;\n",
    "macros.cpp": "#define A(\n#define\n#include\nQ_PROPERTY(\nBEGIN_MAP(X) ENTRY(Y)\nsignals: slots: emit;\n",
    "text.cpp": 'once upon a time "there was\n',
    "quotes.cpp": "R\"x( never ends\n'''\n/* nor this",
}


def reviewed(path: Path) -> Report:
    started = time.process_time()
    report = review([path])
    assert time.process_time() - started < SECONDS
    return report


def told(report: Report) -> str:
    return "\n".join(report.not_checked)


@pytest.mark.parametrize("step", [300, pytest.param(50, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("part", range(10))
def test_a_file_cut_off_anywhere_is_reviewed(part: int, step: int, tmp_path: Path) -> None:
    """Each file at other lengths, since they begin alike."""
    paths = [path for case in CASES for path in files_of(case) if case.name.startswith("bad_")]
    for number, path in enumerate(paths[part::10]):
        data = path.read_bytes()
        for length in range(number * 50 % step, len(data), step):
            unit: Unit = _read(tmp_path, path.suffix, data[:length])
            assert unit.unread == "" or unit.parse_errors or "valid Python" in unit.unread


def _read(folder: Path, suffix: str, data: bytes) -> Unit:
    cut = folder / f"cut{suffix}"
    cut.write_bytes(data)
    return read_file(cut)


@pytest.mark.long
def test_programs_cut_off_are_checked_by_every_rule(tmp_path: Path) -> None:
    """Each file at another length, since the rules take longer than reading."""
    for number, path in enumerate(path for case in CASES for path in files_of(case)):
        data = path.read_bytes()
        copy = tmp_path / path.relative_to(CORPUS)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(data[: (number * 50) % (len(data) + 1)])
    assert "not understood" in told(reviewed(tmp_path))


@pytest.mark.parametrize("name", NESTED)
def test_deep_nesting_ends(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(NESTED[name], encoding="utf-8")
    report = reviewed(tmp_path)
    assert report.files == 1


@pytest.mark.parametrize("name", ["parentheses.py", "branches.cpp", "braces.cpp"])
def test_what_is_nested_too_deeply_is_said(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(NESTED[name], encoding="utf-8")
    assert name in told(reviewed(tmp_path))


@pytest.mark.long
def test_templates_are_read(tmp_path: Path) -> None:
    (tmp_path / "templates.cpp").write_text(TEMPLATES * 50, encoding="utf-8")
    (tmp_path / "plain.cpp").write_text(
        CPP + "class A : public QObject {\nsignals:\n    void a();\n};\n", encoding="utf-8"
    )
    assert [finding.rule for finding in reviewed(tmp_path).findings if finding.rule == "LS401"] == ["LS401"]


@pytest.mark.parametrize("name", BROKEN)
def test_broken_syntax_is_counted(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(BROKEN[name], encoding="utf-8")
    assert name in told(reviewed(tmp_path))


@pytest.mark.long
@pytest.mark.parametrize("suffix", [".py", ".cpp", ".c", ".h"])
def test_empty_marked_and_other_line_ends_are_read(suffix: str, tmp_path: Path) -> None:
    sample = next(path for path in CORPUS.rglob(f"bad_*{suffix if suffix in ('.py', '.c') else '.cpp'}"))
    text = sample.read_bytes()
    expected = sorted(finding.rule for finding in review([sample]).findings)
    (tmp_path / f"empty{suffix}").write_bytes(b"")
    assert not reviewed(tmp_path).findings
    for name, data in (("marked", b"\xef\xbb\xbf" + text), ("windows", text.replace(b"\n", b"\r\n"))):
        (tmp_path / f"{name}{suffix}").write_bytes(data)
        report = reviewed(tmp_path / f"{name}{suffix}")
        assert sorted(finding.rule for finding in report.findings) == expected
        assert str(tmp_path) not in told(report)


@pytest.mark.parametrize("suffix", [".py", ".cpp"])
def test_what_is_no_text_is_named(suffix: str, tmp_path: Path) -> None:
    (tmp_path / f"program{suffix}").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(100) + os.urandom(1000))
    (tmp_path / f"wide{suffix}").write_bytes("int x;\n".encode("utf-16"))
    assert f"program{suffix}: not text" in told(reviewed(tmp_path))
    assert f"wide{suffix}: not text" in told(reviewed(tmp_path))


@pytest.mark.parametrize("suffix", [".py", ".cpp"])
def test_any_bytes_are_survived(suffix: str, tmp_path: Path) -> None:
    every = bytes(range(1, 256))
    (tmp_path / f"bytes{suffix}").write_bytes(b"x = '\xff\xfe'\n" + every * 20)
    (tmp_path / f"claims{suffix}").write_bytes(b"# -*- coding: no-such-encoding -*-\nx = 1\n")
    (tmp_path / f"latin{suffix}").write_bytes("// é\nint é = 'ß';\n".encode("latin-1"))
    assert reviewed(tmp_path).files == 3


@pytest.mark.long
def test_a_huge_file_is_named_and_a_long_line_is_read(tmp_path: Path) -> None:
    (tmp_path / "huge.cpp").write_bytes(b"int x;\n" * 700_000)
    (tmp_path / "long.cpp").write_text("int x[] = {" + "1," * 30_000 + "};\n", encoding="utf-8")
    (tmp_path / "long.py").write_text("x = [" + "1," * 30_000 + "]\n", encoding="utf-8")
    report = reviewed(tmp_path)
    assert "huge.cpp: larger than" in told(report)
    assert "long" not in told(report)


def test_a_file_that_takes_too_long_is_named() -> None:
    unit = read_cpp("slow.cpp", b"int x;\n" * 20_000, seconds=0)
    assert "took longer" in unit.unread


def test_links_that_lead_in_circles_end(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self.py").symlink_to(tmp_path / "self.py")
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere.py")
    report = reviewed(tmp_path)
    assert report.files >= 1
    assert [path.name for path in collect([tmp_path])].count("a.py") == 1
    assert "self.py" in told(report)
    assert "gone.py" in told(report)


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "folder.py").mkdir()
    assert reviewed(tmp_path).files == 0
    assert "pipe.py: not a regular file" in told(reviewed(tmp_path / "pipe.py"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "secret.py"
    path.write_text("x = 1\n", encoding="utf-8")
    path.chmod(0)
    assert f"secret.py: {os.strerror(errno.EACCES)}" in told(reviewed(tmp_path))


def test_a_directory_that_cannot_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    real = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert "closed: a directory that could not be listed" in told(reviewed(tmp_path))


def test_what_vanishes_or_fails_while_it_is_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "there.py"
    path.write_text("x = 1\n", encoding="utf-8")

    def refuse(_self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert "there.py: Permission denied" in told(review([path]))
