"""C: what a peer sent, on its way through the language."""

from __future__ import annotations

from flows.flow import Language, Sink, Source, Way

_HEAD = """\
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>
#include <wchar.h>
"""

_TABLES = """

static char table[64];
static char words[64] = "status";
void work(int round);
"""
_CLEAN = 'snprintf($B, 256, "%s", "status");\n'

SOURCES = (
    Source(
        "recv",
        "ssize_t got = recv(client, $B, 255, 0);\nif (got <= 0)\n    return;\n$B[got] = 0;\n",
        _CLEAN,
    ),
    Source("read", "ssize_t got = read(client, $B, 255);\nif (got <= 0)\n    return;\n$B[got] = 0;\n", _CLEAN),
    Source(
        "recvfrom",
        "ssize_t got = recvfrom(client, $B, 255, 0, NULL, NULL);\nif (got <= 0)\n    return;\n$B[got] = 0;\n",
        _CLEAN,
    ),
    Source(
        "recvmsg",
        "struct iovec part = {.iov_base = $B, .iov_len = 255};\n"
        "struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};\n"
        "ssize_t got = recvmsg(client, &message, MSG_CMSG_CLOEXEC);\nif (got <= 0)\n    return;\n$B[got] = 0;\n",
        _CLEAN,
    ),
    Source(
        "fgets on fdopen",
        'FILE *lines = fdopen(client, "r");\nif (!lines || !fgets($B, 256, lines))\n    return;\n',
        _CLEAN,
    ),
    Source(
        "getline on fdopen",
        'FILE *lines = fdopen(client, "r");\nchar *line = NULL;\nsize_t room = 0;\n'
        'if (!lines || getline(&line, &room, lines) < 0)\n    return;\nsnprintf($B, 256, "%s", line);\n',
        _CLEAN,
    ),
    Source(
        "recv in a loop",
        "size_t have = 0;\nwhile (have < 255) {\n    ssize_t got = recv(client, $B + have, 255 - have, 0);\n"
        "    if (got <= 0)\n        return;\n    have += got;\n    if (memchr($B, '\\n', have))\n        break;\n}\n"
        "$B[have] = 0;\n",
        _CLEAN,
    ),
)


_COMMAND = 'if (strcmp($V, "status") != 0)\n    return;\n'
_PATH = "if (strchr($V, '/') || strstr($V, \"..\"))\n    return;\n"
_SMALL = "if (size > 64)\n    return;\n"
_ACTS = frozenset({"LS109"})
_SIZE = frozenset({"LS110"})
_FORMAT = frozenset({"LS119"})
_INDEX = frozenset({"LS120"})
_ARITHMETIC = frozenset({"LS110", "LS121"})
_ROUNDS = frozenset({"LS122"})


def _sized(name: str, call: str, *, is_typical: bool = False) -> Sink:
    """A call that is given a size from the text."""
    return Sink(
        name,
        f"char into[64];\nsize_t size = strtoul($V, NULL, 10);\n$G\n{call}\n",
        _SMALL,
        _SIZE,
        is_typical=is_typical,
    )


def _ranged(name: str, statement: str, *, is_typical: bool = False) -> Sink:
    """A place in a table, from the text."""
    guard = "if (at < 0 || at >= 64)\n    return;\n"
    return Sink(name, f"int at = atoi($V);\n$G\n{statement}\n", guard, _INDEX, is_typical=is_typical)


def _in_path(name: str, statements: str, *, is_typical: bool = False) -> Sink:
    """A path below a directory, made with the text."""
    made = 'char path[300];\n$G\nsnprintf(path, sizeof path, "/srv/files/%s", $V);\n'
    return Sink(name, made + statements, _PATH, _ACTS, is_typical=is_typical)


SINKS = (
    Sink("system", "$G\nsystem($V);\n", _COMMAND, _ACTS, is_typical=True),
    Sink("popen", '$G\nFILE *out = popen($V, "r");\nif (out)\n    pclose(out);\n', _COMMAND, _ACTS),
    Sink("execl -c", '$G\nexecl("/bin/sh", "sh", "-c", $V, (char *)NULL);\n', _COMMAND, _ACTS),
    Sink(
        "execlp, words by macro",
        "$G\nexeclp(SHELL, SHELL, FLAG, $V, (char *)NULL);\n",
        _COMMAND,
        _ACTS,
        head='#define SHELL "/bin/sh"\n#define FLAG "-c"\n',
    ),
    Sink("execv", '$G\nchar *words[] = {"sh", "-c", $V, NULL};\nexecv("/bin/sh", words);\n', _COMMAND, _ACTS),
    Sink(
        "system, put together",
        'char command[300];\n$G\nsnprintf(command, sizeof command, "ls %s", $V);\nsystem(command);\n',
        _COMMAND,
        _ACTS,
    ),
    _in_path(
        "open", "int file = open(path, O_RDONLY | O_CLOEXEC);\nif (file >= 0)\n    close(file);\n", is_typical=True
    ),
    _in_path("fopen", 'FILE *file = fopen(path, "re");\nif (file)\n    fclose(file);\n'),
    _in_path("unlink", "unlink(path);\n"),
    _sized("malloc", "char *made = malloc(size);\nfree(made);\n(void)into;", is_typical=True),
    _sized("memcpy", "memcpy(into, table, size);"),
    _sized("memmove", "memmove(into, table, size);"),
    _sized("strncpy", "strncpy(into, words, size);"),
    _sized("fwrite", "fwrite(into, 1, size, stdout);"),
    Sink(
        "signed size",
        "char into[64];\nint size = atoi($V);\nif (size >= 64)\n    return;\n$G\nmemcpy(into, table, size);\n",
        "if (size < 0)\n    return;\n",
        _SIZE,
    ),
    Sink("printf", "$G\nprintf($V);\n", _COMMAND, _FORMAT, is_typical=True),
    Sink("syslog", "$G\nsyslog(LOG_INFO, $V);\n", _COMMAND, _FORMAT),
    Sink("snprintf", "char into[64];\n$G\nsnprintf(into, sizeof into, $V);\n", _COMMAND, _FORMAT),
    _ranged("index", "table[at] = 1;", is_typical=True),
    _ranged("pointer offset", "*(table + at) = 1;"),
    Sink(
        "multiplied size",
        "unsigned count = strtoul($V, NULL, 10);\n$G\nint *made = malloc(count * sizeof(int));\nfree(made);\n",
        "if (count > 1000)\n    return;\n",
        _ARITHMETIC,
    ),
    Sink(
        "loop bound",
        "int rounds = atoi($V);\n$G\nfor (int i = 0; i < rounds; i++)\n    work(i);\n",
        "if (rounds > 100)\n    return;\n",
        _ROUNDS,
        is_typical=True,
    ),
    Sink("sleep", "int rounds = atoi($V);\n$G\nsleep(rounds);\n", "if (rounds > 100)\n    return;\n", _ROUNDS),
)

_SERVE = """\
void serve(int client)
{
    char text[256];
    @SOURCE:text@
"""


def _way(name: str, body: str, before: str = "") -> Way:
    """The text comes from `serve`, and these lines make `name` of it and use it."""
    indented = "".join(f"    {line}\n" if line else "\n" for line in body.strip("\n").split("\n"))
    return Way(name, f"{before}{_SERVE}{indented}}}\n")


_ACT = """\
static void act(char *name)
{
    @SINK:name@
}

"""
_USED = "@SINK:name@"

WAYS = (
    _way("direct", "char *name = text;\n@SINK:name@"),
    _way("the buffer itself", "@SINK:text@"),
    _way("if", 'char *name = "status";\nif (client > 0)\n    name = text;\n@SINK:name@'),
    _way("if and else", "char *name;\nif (client > 0)\n    name = text;\nelse\n    name = text;\n@SINK:name@"),
    _way(
        "switch",
        "char *name = words;\nswitch (client) {\ncase 7:\n    name = text;\n    break;\ndefault:\n    break;\n}\n@SINK:name@",
    ),
    _way("while", "char *name = words;\nwhile (1) {\n    name = text;\n    break;\n}\n@SINK:name@"),
    _way("do", "char *name;\ndo {\n    name = text;\n} while (0);\n@SINK:name@"),
    _way("for", "char *name = words;\nfor (int k = 0; k < 1; k++)\n    name = text;\n@SINK:name@"),
    _way("goto", "char *name = text;\ngoto use;\nuse:;\n@SINK:name@"),
    _way("conditional operator", "char *name = client > 0 ? text : words;\n@SINK:name@"),
    _way("argument", "act(text);", _ACT),
    _way(
        "argument of an argument",
        "between(text);",
        _ACT + "static void between(char *value)\n{\n    act(value);\n}\n\n",
    ),
    _way(
        "argument, four deep",
        "one(text);",
        _ACT
        + "".join(
            f"static void {name}(char *value)\n{{\n    {to}(value);\n}}\n\n"
            for name, to in (("three", "act"), ("two", "three"), ("one", "two"))
        ),
    ),
    _way(
        "result", "char *name = pick(text);\n@SINK:name@", "static char *pick(char *value)\n{\n    return value;\n}\n\n"
    ),
    Way(
        "result of the reader",
        "static char *ask(int client)\n{\n    static char text[256];\n    if (receive(client, text))\n        return text;\n    return NULL;\n}\n\n"
        "void serve(int client)\n{\n    char *name = ask(client);\n    if (!name)\n        return;\n    @SINK:name@\n}\n".replace(
            "static char *ask", "static int receive(int client, char *text);\n\nstatic char *ask"
        )
        + "\nstatic void receive_text(int client, char *text)\n{\n    @SOURCE:text@\n}\n\n"
        "static int receive(int client, char *text)\n{\n    receive_text(client, text);\n    return text[0] != 0;\n}\n",
    ),
    _way(
        "parameter out",
        "char *name = NULL;\npick(text, &name);\n@SINK:name@",
        "static void pick(char *from, char **to)\n{\n    *to = from;\n}\n\n",
    ),
    _way("pointer to pointer", "char *first = text;\nchar **second = &first;\nchar *name = *second;\n@SINK:name@"),
    _way("alias", "char *other = text;\nchar *name = other;\n@SINK:name@"),
    Way(
        "alias made before",
        "void serve(int client)\n{\n    char text[256];\n    char *name = text;\n    @SOURCE:text@\n    @SINK:name@\n}\n",
    ),
    _way("union", "union { char *in; char *out; } both;\nboth.in = text;\nchar *name = both.out;\n@SINK:name@"),
    _way("array", "char *all[3] = {words, words, words};\nall[1] = text;\nchar *name = all[1];\n@SINK:name@"),
    _way(
        "array as argument",
        "char *all[3] = {words, words, words};\nall[2] = text;\nact(all);",
        "static void act(char *all[])\n{\n    char *name = all[2];\n    @SINK:name@\n}\n\n",
    ),
    _way(
        "member",
        "struct request one;\none.name = text;\nchar *name = one.name;\n@SINK:name@",
        "struct request { int kind; char *name; };\n\n",
    ),
    _way(
        "structure by value",
        "struct request one = {0, text};\nact(one);",
        "struct request { int kind; char *name; };\n\n"
        "static void act(struct request one)\n{\n    char *name = one.name;\n    @SINK:name@\n}\n\n",
    ),
    _way(
        "structure by pointer",
        "struct request one;\none.kind = 1;\none.name = text;\nact(&one);",
        "struct request { int kind; char *name; };\n\n"
        "static void act(struct request *one)\n{\n    @SINK:one->name@\n}\n\n",
    ),
    _way(
        "structure returned",
        "struct request one = make(text);\n@SINK:one.name@",
        "struct request { int kind; char *name; };\n\n"
        "static struct request make(char *name)\n{\n    struct request made = {.name = name};\n    return made;\n}\n\n",
    ),
    _way(
        "structure in a structure",
        "struct session all;\nall.one.name = text;\n@SINK:all.one.name@",
        "struct request { int kind; char *name; };\nstruct session { struct request one; };\n\n",
    ),
    Way(
        "buffer in a structure",
        "struct session { int fd; char text[256]; };\n\n"
        "static void fill(struct session *one, int client)\n{\n    @SOURCE:one->text@\n}\n\n"
        "void serve(int client)\n{\n    struct session one = {client, {0}};\n    fill(&one, client);\n    @SINK:one.text@\n}\n",
    ),
    Way(
        "filled by a function",
        "static void fill(int client, char *text)\n{\n    @SOURCE:text@\n}\n\n"
        "void serve(int client)\n{\n    char text[256] = {0};\n    fill(client, text);\n    @SINK:text@\n}\n",
    ),
    _way("function pointer", "void (*then)(char *) = act;\nthen(text);", _ACT),
    _way(
        "function pointer in a structure",
        "struct handler how = {act};\nhow.then(text);",
        _ACT + "struct handler { void (*then)(char *); };\n\n",
    ),
    _way(
        "table of functions",
        "handlers[0].then(text);",
        _ACT + 'static const struct { const char *word; void (*then)(char *); } handlers[] = {{"do", act}};\n\n',
    ),
    _way(
        "function given",
        "call(act, text);",
        _ACT + "static void call(void (*then)(char *), char *value)\n{\n    then(value);\n}\n\n",
    ),
    _way(
        "context of a callback",
        "run(act, text);",
        "static void act(void *context)\n{\n    char *name = context;\n    @SINK:name@\n}\n\nstatic void run(void (*then)(void *), void *context)\n{\n    then(context);\n}\n\n",
    ),
    _way(
        "global", "chosen = text;\nact();", "static char *chosen;\n\nstatic void act(void)\n{\n    @SINK:chosen@\n}\n\n"
    ),
    Way(
        "global buffer",
        "static char line[256];\n\nstatic void act(void)\n{\n    @SINK:line@\n}\n\n"
        "void serve(int client)\n{\n    @SOURCE:line@\n    act();\n}\n",
    ),
    _way("static", "static char *kept;\nkept = text;\nchar *name = kept;\n@SINK:name@"),
    _way("strcpy", "char name[256];\nstrcpy(name, text);\n@SINK:name@"),
    _way("strncpy", "char name[256];\nstrncpy(name, text, sizeof name - 1);\nname[255] = 0;\n@SINK:name@"),
    _way("memcpy", "char name[256];\nmemcpy(name, text, sizeof name);\n@SINK:name@"),
    _way("strdup", "char *name = strdup(text);\n@SINK:name@\nfree(name);"),
    _way("snprintf", 'char name[256];\nsnprintf(name, sizeof name, "%s", text);\n@SINK:name@'),
    _way("strcat", 'char name[600] = "";\nstrcat(name, text);\n@SINK:name@'),
    _way("strtok", 'char *name = strtok(text, " ");\nif (!name)\n    return;\n@SINK:name@'),
    _way("strchr", "char *name = strchr(text, ' ');\nif (!name)\n    return;\nname++;\n@SINK:name@"),
    _way("offset", "char *name = text + 4;\n@SINK:name@"),
    _way("sscanf", 'char name[200];\nif (sscanf(text, "do %199s", name) != 1)\n    return;\n@SINK:name@'),
    _way(
        "byte by byte",
        "char name[256];\nsize_t k;\nfor (k = 0; k < 255 && text[k]; k++)\n    name[k] = text[k];\nname[k] = 0;\n@SINK:name@",
    ),
    _way(
        "memory of its own",
        "char *name = malloc(256);\nif (!name)\n    return;\nstrcpy(name, text);\n@SINK:name@\nfree(name);",
    ),
    _way(
        "list",
        "struct node *one = push(NULL, text);\n@SINK:one->name@\nfree(one);",
        "struct node { struct node *next; char *name; };\n\n"
        "static struct node *push(struct node *next, char *name)\n{\n    struct node *made = malloc(sizeof *made);\n"
        "    if (!made)\n        abort();\n    made->next = next;\n    made->name = name;\n    return made;\n}\n\n",
    ),
    _way("cast", "void *any = text;\nchar *name = (char *)any;\n@SINK:name@"),
    _way(
        "macro with a value", "ACT(text);", "static void act(char *name);\n\n#define ACT(value) act(value)\n\n" + _ACT
    ),
    _way("macro for a name", "char *name = RECEIVED;\n@SINK:name@", "#define RECEIVED text\n\n"),
    _way(
        "wide characters",
        "wchar_t wide[256];\nmbstowcs(wide, text, 255);\nwide[255] = 0;\nchar name[1100];\nwcstombs(name, wide, sizeof name);\n@SINK:name@",
    ),
    _way(
        "variable arguments",
        "act(1, text);",
        "static void act(int count, ...)\n{\n    va_list all;\n    va_start(all, count);\n    char *name = va_arg(all, char *);\n"
        "    va_end(all);\n    @SINK:name@\n}\n\n",
    ),
    Way(
        "another file, argument",
        "void act(char *name);\n\n" + _SERVE + "    act(text);\n}\n",
        (("act.c", "void act(char *name)\n{\n    @SINK:name@\n}\n"),),
    ),
    Way(
        "another file, global",
        "extern char *chosen;\nvoid act(void);\n\n" + _SERVE + "    chosen = text;\n    act();\n}\n",
        (("act.c", "char *chosen;\n\nvoid act(void)\n{\n    @SINK:chosen@\n}\n"),),
    ),
    Way(
        "another file, filled there",
        "void ask(int client, char *text);\n\nvoid serve(int client)\n{\n    char text[256] = {0};\n    ask(client, text);\n    @SINK:text@\n}\n",
        (("ask.c", "void ask(int client, char *text)\n{\n    @SOURCE:text@\n}\n"),),
    ),
)

C = Language("C", ".c", _HEAD + _TABLES, SOURCES, WAYS, SINKS)
