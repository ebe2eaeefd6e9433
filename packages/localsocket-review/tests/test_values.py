"""Texts and numbers, however they are put together and wherever they come from."""

from __future__ import annotations

import pytest

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.texts import HoleKind, Texts
from localsocket_review.model.declarations import FunctionKind
from samples import call_named, cpp, facts_of, function_named, python


def used(facts: Facts) -> Texts:
    """Return the texts of the first argument of the one call of `use`."""
    (function,) = [one for one in facts.functions() if any(call.called_name == "use" for call in one.calls())]
    return facts.values.texts(call_named(function, "use").arguments[0], function)


def literals(facts: Facts) -> set[str | None]:
    return {text.literal for text in used(facts)}


@pytest.mark.parametrize(
    "source",
    [
        "use('/tmp/a')",
        "use(b'/tmp/a')",
        "P = '/tmp'\nuse(P + '/a')",
        "import os\nuse(os.path.join('/tmp', 'a'))",
        "from pathlib import Path\nuse(str(Path('/tmp') / 'a'))",
        "from pathlib import Path as P\nuse(P('/tmp').joinpath('a').as_posix())",
        "n = 'a'\nuse(f'/tmp/{n}')",
        "use('/tmp/%s' % 'a')",
        "use('/tmp/%s' % ('a',))",
        "use('/tmp/{}'.format('a'))",
        "import tempfile\nuse(tempfile.gettempdir() + '/a')",
        "p = '/tmp'\np += '/a'\nuse(p)",
        "def path(name):\n    return '/tmp/' + name\nuse(path('a'))",
        "def f(p='/tmp/a'):\n    use(p)",
        "def f(p):\n    use(p)\nf('/tmp/a')",
        "class A:\n    P = '/tmp/a'\n    def f(self):\n        use(self.P)",
        "class A:\n    def __init__(self, p):\n        self.p = p\n    def f(self):\n        use(self.p)\nA('/tmp/a')",
        "NAMES = {'x': '/tmp/a'}\nuse(NAMES['x'])",
        "use(('/tmp/a').encode())",
        "a, b = '/tmp/a', 2\nuse(a)",
        "def f():\n    use(P)\nP = '/tmp/a'",
    ],
)
def test_python_texts(source: str) -> None:
    assert literals(facts_of(python(source))) == {"/tmp/a"}


@pytest.mark.parametrize(
    "source",
    [
        'void f() { use("/tmp/a"); }',
        'void f() { use("/tmp" "/a"); }',
        '#define P "/tmp/a"\nvoid f() { use(P); }',
        '#define D "/tmp"\nvoid f() { use(D "/a"); }',
        'void f() { use(QStringLiteral("/tmp/") + QLatin1String("a")); }',
        'void f() { use(QString("/tmp/%1").arg("a")); }',
        'void f() { std::string p = "/tmp"; p += "/a"; use(p.c_str()); }',
        'namespace n { constexpr auto p = "/tmp/a"; } void f() { use(n::p); }',
        'struct C { static const char *p; }; const char *C::p = "/tmp/a"; void f() { use(C::p); }',
        'class C { QString m_p = "/tmp/a"; void f() { use(m_p); } };',
        'class C { QString m_p; C() : m_p("/tmp/a") {} void f() { use(m_p); } };',
        'QString p() { return "/tmp/a"; } void f() { use(p()); }',
        'void f() { char b[9]; snprintf(b, sizeof b, "/tmp/%s", "a"); use(b); }',
        'void f() { std::filesystem::path p("/tmp"); use((p / "a").string()); }',
        'void f() { use(QDir(QDir::tempPath()).filePath("a")); }',
        'void f() { const auto p = QString{"/tmp/a"}; use(qPrintable(p)); }',
        'constexpr auto p = "/tmp/a"sv; void f() { use(p.data()); }',
        'void f() { use(u"/tmp/%1"_s.arg("a")); }',
    ],
)
def test_cpp_texts(source: str) -> None:
    assert literals(facts_of(cpp(source))) == {"/tmp/a"}


def test_a_constant_of_another_file_is_known() -> None:
    assert literals(facts_of(python("PATH = '/tmp/a'", "config.py"), python("from config import PATH\nuse(PATH)"))) == {
        "/tmp/a"
    }
    assert literals(facts_of(python("PATH = '/tmp/a'", "config.py"), python("import config\nuse(config.PATH)"))) == {
        "/tmp/a"
    }
    assert literals(facts_of(cpp('inline const char *kPath = "/tmp/a";', "a.h"), cpp("void f() { use(kPath); }"))) == {
        "/tmp/a"
    }


def test_only_the_definitions_that_reach_the_place_count() -> None:
    assert literals(facts_of(python("p = '/tmp/b'\np = '/tmp/a'\nuse(p)\np = '/tmp/c'"))) == {"/tmp/a"}
    assert literals(facts_of(python("if x:\n    p = '/b'\nelse:\n    p = '/a'\nuse(p)"))) == {"/a", "/b"}


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("import os\nuse(os.environ['XDG_RUNTIME_DIR'] + '/a')", HoleKind.RUNTIME),
        ("import tempfile\nuse(tempfile.mkdtemp() + '/a')", HoleKind.PRIVATE),
        ("import tempfile\nwith tempfile.TemporaryDirectory() as d:\n    use(d + '/a')", HoleKind.PRIVATE),
        ("import os\nuse(f'/tmp/{os.getpid()}')", HoleKind.PREDICTABLE),
        ("import uuid\nuse(f'/tmp/{uuid.uuid4()}')", HoleKind.RANDOM),
        ("use(unknown() + '/a')", HoleKind.UNKNOWN),
    ],
)
def test_what_is_not_known_says_of_which_kind_it_is(source: str, kind: HoleKind) -> None:
    assert all(text.has(kind) for text in used(facts_of(python(source))))


def test_a_variable_that_feeds_itself_comes_to_an_end() -> None:
    assert used(facts_of(python("p = 'a'\nwhile x:\n    p = p + 'b'\nuse(p)")))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("use(0o600)", {0o600}),
        ("import stat\nuse(stat.S_IRUSR | stat.S_IWUSR)", {0o600}),
        ("MODE = 0o777 & ~0o077\nuse(MODE)", {0o700}),
        ("use(1 << 20)", {1 << 20}),
        ("p.add_argument('--mode', default=0o640)\na = p.parse_args()\nuse(a.mode)", {0o640}),
        ("def f():\n    return 3\nuse(f())", {3}),
        ("use(unknown)", set()),
    ],
)
def test_numbers(source: str, expected: set[int]) -> None:
    facts = facts_of(python(source))
    function = next(one for one in facts.functions() if one.kind is FunctionKind.MODULE)
    assert facts.values.numbers(call_named(function, "use").arguments[0], function) == expected


@pytest.mark.parametrize(
    "source",
    [
        "from pathlib import Path\nuse(Path('/run/x').with_suffix('.a'))",
        "from pathlib import Path\nuse(Path('/run/b').with_name('x.a'))",
        "class C:\n    @property\n    def p(self):\n        return '/run/x.a'\ndef f(c: C):\n    use(c.p)",
        "@dataclass\nclass C:\n    p: str = '/run/x.a'\ndef f(c: C):\n    use(c.p)",
        "@dataclass\nclass C:\n    p: str\ndef f(c: C):\n    use(c.p)\nf(C('/run/x.a'))",
        "class B:\n    p = '/run/x.a'\n    def f(self):\n        use(self.p)",
    ],
)
def test_paths_and_members_of_other_objects(source: str) -> None:
    assert literals(facts_of(python(source))) == {"/run/x.a"}


def test_a_class_that_inherits_may_say_otherwise() -> None:
    source = "class B:\n    p = '/a'\n    def f(self):\n        use(self.p)\nclass C(B):\n    p = '/b'\n"
    assert literals(facts_of(python(source))) == {"/a", "/b"}


def test_a_repeated_character_of_cpp() -> None:
    assert literals(facts_of(cpp("void f() { use(std::string(1, '\\0') + \"a\"); }"))) == {"\0a"}


def test_permissions_of_the_filesystem_library() -> None:
    facts = facts_of(cpp("namespace fs = std::filesystem; void f() { use(fs::perms::all); }"))
    function = function_named(facts, "f")
    assert facts.values.numbers(call_named(function, "use").arguments[0], function) == {0o777}


def test_numbers_that_are_made_of_each_other_are_found_whichever_is_asked_first() -> None:
    loop = "while c():\n    if d():\n        a = b\n    else:\n        b = a\n"
    facts = facts_of(python(f"a = 1\nb = 2\n{loop}use(a, b)\n"))
    function = facts.program.functions[0]
    for argument in call_named(function, "use").arguments:
        assert facts.values.numbers(argument, function) == {1, 2}


def test_numbers_are_found_in_a_time_that_does_not_double_with_each_step() -> None:
    steps = "".join(f"a{n} = a{n - 1} if c() else a{n - 1}\n" for n in range(1, 7))
    facts = facts_of(python(f"a0 = 7\n{steps}use(a6)\n"))
    function = facts.program.functions[0]
    assert facts.values.numbers(call_named(function, "use").arguments[0], function) == {7}
    assert facts.values._numbers.inquiry.asked < 40
