"""C and C++ as the model sees them: no compiler, no headers, and true positions."""

from __future__ import annotations

import pytest

from localsocket_review.model.declarations import FunctionKind
from localsocket_review.model.expressions import Call, Display, dotted
from localsocket_review.model.statements import Assign, Choice, expressions_in
from localsocket_review.reading.cpp_expressions import number
from localsocket_review.reading.cpp_reader import read_cpp
from samples import cpp, facts_of, function_named

HEADER = """
    namespace app {
    class EXPORTED_API Server : public QObject, private Base<int>
    {
        Q_OBJECT
        Q_PROPERTY(int count READ count NOTIFY counted)
    public:
        explicit Server(QObject *parent = nullptr);
        ~Server() override;
        Q_INVOKABLE int count() const { return m_count; }
    Q_SIGNALS:
        void counted(int count);
    public Q_SLOTS:
        virtual void stop(bool now = true);
    private:
        std::unique_ptr<QLocalServer> m_server;
        int m_count = 0, *m_other;
        static const QString kName;
    };
    }
"""
SOURCE = """
    #include "server.h"
    using namespace app;
    const QString Server::kName = QStringLiteral("demo");
    Server::Server(QObject *parent) : QObject(parent), m_server(new QLocalServer(this)) { emit counted(1); }
    Server::~Server() = default;
    void Server::stop(bool now) { m_server->close(); }
"""


def test_a_class_declared_in_a_header_and_defined_in_a_source_is_one() -> None:
    facts = facts_of(cpp(HEADER, "server.h"), cpp(SOURCE))
    (server,) = facts.program.classes
    assert server.qualified_name == "app.Server"
    assert server.bases == ["QObject", "Base"]
    assert list(server.macros) == ["Q_OBJECT"]
    assert set(server.members) == {"m_server", "m_count", "m_other", "kName"}
    assert server.members["kName"].default is not None
    assert server.methods["Server"][0].is_explicit
    assert server.methods["~Server"][0].is_override
    (stop,) = server.methods["stop"]
    assert (stop.section, stop.is_virtual, stop.body is not None) == ("public slots", True, True)
    assert stop.parameters[0].default is not None
    assert [method.section for method in server.methods["counted"]] == ["signals"]


def test_the_order_of_the_files_does_not_matter() -> None:
    facts = facts_of(cpp(SOURCE), cpp(HEADER, "server.h"))
    (server,) = facts.program.classes
    assert server.place.file == "server.h"
    assert server.methods["stop"][0].section == "public slots"


@pytest.mark.parametrize("macro", ["Q_NETWORK_EXPORT", "Q_DECL_EXPORT", "EDITOR_EXPORT", "EDITOR_API"])
def test_what_exports_a_class_is_no_part_of_its_name(macro: str) -> None:
    facts = facts_of(cpp(f"class {macro} Pipe : public QIODevice {{\npublic:\n    bool isOpen() const;\n}};\n", "p.h"))
    (pipe,) = facts.program.classes
    assert (pipe.name, pipe.bases, list(pipe.methods)) == ("Pipe", ["QIODevice"], ["isOpen"])


def test_a_constructors_list_assigns_members_and_calls_bases() -> None:
    facts = facts_of(cpp(HEADER, "server.h"), cpp(SOURCE))
    (constructor,) = [one for one in facts.functions() if one.kind is FunctionKind.CONSTRUCTOR]
    assert [call.called_name for call in constructor.base_calls] == ["QObject"]
    (assigned,) = [one for one in constructor.statements() if isinstance(one, Assign)]
    assert dotted(assigned.target) == "this.m_server"


@pytest.mark.parametrize(
    "text",
    [
        "class A : public QObject { Q_OBJECT signals: void f(); };\nint here() { return 1; }",
        "void g() { connect(a, SIGNAL(f(int)), b, SLOT(g(int))); }\nint here() { return 1; }",
        "void g() { forever { emit f(); } }\nint here() { return 1; }",
        "void g() { foreach (const QString &name, names) use(name); }\nint here() { return 1; }",
        'auto text = "emit signals: Q_OBJECT";\nint here() { return 1; }',
        "void g() { /* Q_PROPERTY( */ }\nint here() { return 1; }",
    ],
)
def test_qt_macros_are_read_without_an_error_and_keep_positions(text: str) -> None:
    unit = cpp(text)
    assert unit.parse_errors == 0
    here = function_named(facts_of(unit), "here")
    assert (here.place.line, here.place.column) == (2, 1)


def test_what_looks_like_a_declaration_in_a_function_is_a_construction() -> None:
    function = function_named(facts_of(cpp("void f(int n) { std::vector<char> data(n); QLocalSocket s{this}; }")), "f")
    values = [one.value for one in function.statements() if isinstance(one, Assign)]
    assert [isinstance(value, Call) and dotted(value.function) for value in values] == ["std.vector", "QLocalSocket"]


def test_designated_initialisers_keep_their_names() -> None:
    function = function_named(facts_of(cpp('void f() { struct S s = { .path = "x", .mode = 1 }; }')), "f")
    (value,) = [one.value for one in function.statements() if isinstance(one, Assign)]
    assert isinstance(value, Display)
    assert [dotted(key) for key in value.keys if key is not None] == ["path", "mode"]


def test_both_sides_of_a_preprocessor_condition_are_read() -> None:
    function = function_named(facts_of(cpp("void f() {\n#ifdef A\n one();\n#else\n two();\n#endif\n}")), "f")
    assert {call.called_name for call in function.calls()} == {"one", "two"}


def test_a_case_goes_on_behind_a_preprocessor_condition() -> None:
    text = """
        void f(int kind) {
            switch (kind) {
        #ifdef MANY
            case 0:
                zero();
                break;
        #endif
            case 1:
                before();
        #ifdef QUIET
                quiet();
        #else
                loud();
        #endif
                after();
                break;
            case 2:
                second();
        #if MORE
            case 3:
                third();
        #endif
            }
        }
    """
    body = function_named(facts_of(cpp(text)), "f").body
    choice = next(one for one in body or () if isinstance(one, Choice))
    runs = [
        sorted(one.called_name for one in expressions_in(case.body) if isinstance(one, Call)) for case in choice.cases
    ]
    assert runs == [["zero"], ["after", "before", "loud", "quiet"], ["second"], ["third"]]
    assert [case.falls_through for case in choice.cases] == [False, False, True, True]


@pytest.mark.parametrize(
    ("text", "value"), [("0x1FF", 511), ("0777", 511), ("1'000u", 1000), ("0b11", 3), ("1.5f", 1.5), ("0", 0)]
)
def test_numbers_have_their_values(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize("text", ["class {", "}}}}", "void f( {", "#if\n#if\n", "int \xff;", "", "a" * 100_000])
def test_broken_code_is_read_as_far_as_it_goes(text: str) -> None:
    unit = read_cpp("broken.cpp", text.encode("latin-1"))
    assert not unit.unread


def test_deep_nesting_is_no_recursion_error() -> None:
    unit = read_cpp("deep.cpp", b"int x = " + b"(" * 5000 + b"1" + b")" * 5000 + b";")
    assert unit.body is not None


def test_a_file_that_takes_too_long_says_so() -> None:
    assert "longer than" in read_cpp("slow.cpp", b"int x;", seconds=-1).unread


def test_a_macro_before_a_type_is_not_taken_for_it() -> None:
    unit = cpp("static void take(int fd, UNUSED Kind kind, TOOLKIT_UNUSED Event event, const char *name) { use(fd); }")
    named = [(one.name, one.type) for one in unit.functions[0].parameters]
    assert named == [("fd", "int"), ("kind", "Kind"), ("event", "Event"), ("name", "char*")]
