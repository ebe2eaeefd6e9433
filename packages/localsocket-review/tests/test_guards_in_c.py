"""Guards of daily life in C: where one stands on every way, nothing is found, and where it does not, everything is."""

from __future__ import annotations

from pathlib import Path

import pytest

from localsocket_review.reviewer import review

HEAD = """\
#include <ctype.h>
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct pair {
    const char *a, *b;
};

#define ROOT "/srv/files/"
static const char *const allowed[] = { "one", "two", NULL };
static regex_t plain;

_Noreturn void refuse(const char *name);

static void leave(const char *name)
{
    fprintf(stderr, "no %s", name);
    exit(1);
}

static void tell(const char *name)
{
    fprintf(stderr, "no %s", name);
}

static int is_known(const char *name)
{
    for (size_t at = 0; allowed[at] != NULL; at++)
        if (strcmp(name, allowed[at]) == 0)
            return 1;
    return 0;
}

static int is_plain(const char *name)
{
    return strchr(name, '/') == NULL && strstr(name, "..") == NULL;
}

static int is_anything(const char *name)
{
    return name[0] != 0;
}

static const char *looked_up(const char *name)
{
    for (size_t at = 0; allowed[at] != NULL; at++)
        if (strcmp(name, allowed[at]) == 0)
            return allowed[at];
    return NULL;
}

static void check(const char *name)
{
    if (!is_known(name))
        exit(1);
}
"""
HANDLER = """
int handle_{number}(int fd)
{{
    char name[200];
    ssize_t came = recv(fd, name, sizeof name - 1, 0);
    if (came <= 0)
        return -1;
    name[came] = 0;
{guard}    {use}
    return 0;
}}
"""
SERVER = """
int open_server(const struct sockaddr *address)
{
    return bind(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), address, 110);
}
"""
TEXT = "char text[300];\n    snprintf(text, sizeof text, "
OF_PATHS = (
    TEXT + '"/srv/files/%s", chosen);\n    unlink(text);',
    "close(open(chosen, O_RDONLY | O_CLOEXEC));",
)
OF_TEXTS = (TEXT + '"show %s", chosen);\n    system(text);',)
NO = "return -1;"
FOR_ALL: dict[str, str] = {
    "equals": f'if (strcmp(name, "one") != 0 && strcmp(name, "two") != 0)\n    {NO}',
    "not equal": f'if (strcmp(name, "one"))\n    {NO}',
    "known by another name": f"chosen = name;\nif (!is_known(name))\n    {NO}",
    "known": f"if (!is_known(name))\n    {NO}",
    "known or exit": "if (!is_known(name))\n    exit(1);",
    "known or helper that exits": "if (!is_known(name))\n    leave(name);",
    "known or what is marked": "if (!is_known(name))\n    refuse(name);",
    "known or error": 'if (!is_known(name))\n    errx(1, "no");',
    "known or goto": "if (!is_known(name))\n    goto done;\nif (0) {\ndone:\n    return -1;\n}",
    "helper that checks": "check(name);",
    "looked up": f"chosen = looked_up(name);\nif (chosen == NULL)\n    {NO}",
    "default": 'if (!is_known(name))\n    chosen = "one";',
    "choice": 'chosen = is_known(name) ? name : "one";',
    "always": 'if (1)\n    chosen = "one";',
    "always, by numbers": 'if (5 * 7 == 35)\n    chosen = "one";',
    "other index": 'const char *things[2] = { name, "one" };\nchosen = things[1];',
    "other field": 'struct pair both = { .a = name, .b = "one" };\nchosen = both.b;',
    "loop over what is known": (
        f"size_t at = 0;\nwhile (allowed[at] != NULL && strcmp(allowed[at], name) != 0)\n    at++;\n"
        f"if (allowed[at] == NULL)\n    {NO}\nchosen = allowed[at];"
    ),
    "switch": (
        'switch (name[0]) {\ncase 1:\n    chosen = "one";\n    break;\ndefault:\n    chosen = "two";\n    break;\n}'
    ),
    "number": 'char digits[20];\nsnprintf(digits, sizeof digits, "%d", atoi(name));\nchosen = digits;',
    "letters": f"for (char *at = name; *at; at++)\n    if (!isalnum((unsigned char)*at))\n        {NO}",
    "spanned": f'if (name[strspn(name, "abcdefghij")] != 0)\n    {NO}',
    "spanned whole": f'if (strspn(name, "abcdefghij") != strlen(name))\n    {NO}',
    "matches": f"if (regexec(&plain, name, 0, NULL, 0) != 0)\n    {NO}",
    "otherwise": f"if (is_known(name)) {{\n    chosen = name;\n}} else {{\n    {NO}\n}}",
    "noted": f"int ok = is_known(name);\nif (!ok)\n    {NO}",
}
FOR_PATHS: dict[str, str] = {
    "dots": f"if (strchr(name, '/') != NULL || strstr(name, \"..\") != NULL)\n    {NO}",
    "slash": f"if (strchr(name, '/'))\n    {NO}",
    "helper": f"if (!is_plain(name))\n    {NO}",
    "real path": (
        f"char real[PATH_MAX];\nif (realpath(name, real) == NULL || strncmp(real, ROOT, strlen(ROOT)) != 0)\n    {NO}\n"
        "chosen = real;"
    ),
    "base name": "chosen = basename(name);",
}
NONE: dict[str, str] = {
    "nothing": "tell(name);",
    "only told": 'if (!is_known(name))\n    fprintf(stderr, "no");',
    "helper that only tells": "if (!is_known(name))\n    tell(name);",
    "helper that says nothing": f"if (!is_anything(name))\n    {NO}",
    "never": 'if (0)\n    chosen = "one";',
    "never, by numbers": 'if (5 * 7 == 36)\n    chosen = "one";',
    "the same index": 'const char *things[2] = { name, "one" };\nchosen = things[0];',
    "the same field": 'struct pair both = { .a = name, .b = "one" };\nchosen = both.a;',
    "text by format": 'char again[300];\nsnprintf(again, sizeof again, "%d %s", fd, name);\nchosen = again;',
    "a character": f"if (!isalnum((unsigned char)name[0]))\n    {NO}",
    "characters told": "for (char *at = name; *at; at++)\n    if (!isalnum((unsigned char)*at))\n        tell(name);",
    "another alias": 'if (is_known(name)) {\n    chosen = "one";\n} else {\n    chosen = name;\n}',
    "one way of two": f"if (fd > 5 && !is_known(name))\n    {NO}",
}


def acts_on(guard: str, uses: tuple[str, ...], directory: Path) -> list[int]:
    """Return the lines that act on what a peer chose, of a program with a handler for each use."""
    if "chosen" in guard:
        guard = f"const char *chosen = name;\n{guard}"
    else:
        uses = tuple(use.replace("chosen", "name") for use in uses)
    indented = "".join(f"    {line}\n" for line in guard.splitlines())
    handlers = "".join(HANDLER.format(number=at, guard=indented, use=use) for at, use in enumerate(uses))
    path = directory / "guarded.c"
    path.write_text(HEAD + handlers + SERVER, encoding="utf-8")
    report = review([path])
    assert not report.not_reviewed
    return [finding.place.line for finding in report.findings if finding.rule == "LS109"]


@pytest.mark.parametrize("guard", FOR_ALL)
def test_what_is_known_is_left_alone(guard: str, tmp_path: Path) -> None:
    assert acts_on(FOR_ALL[guard], OF_PATHS + OF_TEXTS, tmp_path) == []


@pytest.mark.parametrize("guard", FOR_PATHS)
def test_a_path_that_stays_inside_is_left_alone(guard: str, tmp_path: Path) -> None:
    assert acts_on(FOR_PATHS[guard], OF_PATHS, tmp_path) == []


@pytest.mark.parametrize("guard", NONE)
def test_what_is_no_guard_hides_nothing(guard: str, tmp_path: Path) -> None:
    assert len(acts_on(NONE[guard], OF_PATHS + OF_TEXTS, tmp_path)) == len(OF_PATHS + OF_TEXTS)
