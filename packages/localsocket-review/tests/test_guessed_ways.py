"""How surely data takes a way: where it may as well take another one, what it reaches is a suspicion."""

from __future__ import annotations

import pytest

from localsocket_review.findings import Confidence, Finding
from localsocket_review.rules.ls120_received_index import check
from samples import cpp, facts_of

LAMPS = """
    #include <sys/socket.h>
    struct Kind { int (*dim)(int which); };
    static int lamps[8];
    static int dim_lamp(int which) { return lamps[which]; }
    static int dim_shade(int which) { return 0; }
    static int dim_all(int which, int by) { return by; }
"""
SERVE = """
    int serve(%s, int fd) {
        int which;
        if (recv(fd, &which, sizeof which, 0) != sizeof which) return -1;
        return %s(which);
    }
"""
ONE = "static struct Kind lamp = { .dim = dim_lamp };"
OTHER = "static struct Kind shade = { .dim = %s };"


def found(*parts: str) -> list[Finding]:
    return list(check(facts_of(cpp("\n".join([LAMPS, *parts]), "lamps.c"))))


@pytest.mark.parametrize("others", ["", OTHER % "dim_all"])
def test_a_pointer_of_a_field_with_one_function_is_a_way(others: str) -> None:
    (one,) = found(ONE, others, SERVE % ("struct Kind *kind", "kind->dim"))
    assert one.confidence is Confidence.HIGH


def test_a_pointer_of_a_field_with_several_functions_is_a_guess() -> None:
    (one,) = found(ONE, OTHER % "dim_shade", SERVE % ("struct Kind *kind", "kind->dim"))
    assert one.confidence is Confidence.LOW


def test_each_function_of_a_table_is_run_through_it() -> None:
    table = "static int (*const dimming[])(int) = { dim_lamp, dim_shade };"
    (one,) = found(table, SERVE % ("int kind", "dimming[kind & 1]"))
    assert one.confidence is Confidence.HIGH


SHARED = """
    #include <sys/socket.h>
    static int lamps[8];
    static int asked;
    void ask(int fd) { recv(fd, &asked, sizeof asked, 0); }
    int answer(void) { return lamps[asked]; }
"""


def test_a_variable_of_the_file_that_one_function_sets_is_a_way() -> None:
    (one,) = found(SHARED)
    assert one.confidence is Confidence.HIGH


def test_a_variable_of_the_file_that_several_functions_set_is_a_guess() -> None:
    (one,) = found(SHARED, "void reset(int which) { asked = which; }")
    assert one.confidence is Confidence.LOW
