"""Which programs inherit a socket of C, and how surely: calls lead to a start of one, or do not."""

from __future__ import annotations

import pytest

from localsocket_review.findings import Confidence, Finding, Severity
from localsocket_review.rules.ls115_inherited_socket import check
from samples import cpp, facts_of


def found(functions: str, before: str = "", after: str = "") -> list[Finding]:
    main = f"int main() {{ {before} int lamp = socket(AF_UNIX, SOCK_STREAM, 0); {after} return lamp; }}"
    return list(check(facts_of(cpp(f"#include <sys/socket.h>\n{functions}\n{main}\n", "lamp.cpp"))))


@pytest.mark.parametrize("start", ['system("dim");', 'posix_spawn(&dim, "dim", 0, 0, words, 0);', "run();"])
def test_a_call_that_leads_to_a_start_makes_the_finding_certain(start: str) -> None:
    (one,) = found('void run() { execlp("dim", "dim", nullptr); }', after=start)
    assert (one.confidence, one.severity) == (Confidence.HIGH, Severity.LOW)


def test_a_start_that_nothing_is_seen_to_call_makes_it_a_suspicion() -> None:
    (one,) = found('void run() { system("dim"); }')
    assert (one.confidence, one.severity) == (Confidence.LOW, Severity.LOW)


def test_a_function_of_the_program_starts_none_by_its_name_alone() -> None:
    (one,) = found("void exec_order(int) { } void g_spawn_lamp(int) { }", after="exec_order(lamp); g_spawn_lamp(lamp);")
    assert one.severity is Severity.NOTE


def test_what_is_started_before_the_socket_inherits_nothing_unless_a_timer_starts_it() -> None:
    dim = 'void dim() { system("dim"); }'
    assert found(dim, before="dim();") == []
    (one,) = found(dim + " void later() { set_timer(&dim); }", before="later();")
    assert one.confidence is Confidence.HIGH
