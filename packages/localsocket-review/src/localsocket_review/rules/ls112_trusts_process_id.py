"""LS112: the process id of a peer decides what it may do."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import (
    Binary,
    Call,
    Expression,
    Format,
    Literal,
    Unary,
    dotted,
    strip_casts,
    walk,
)
from localsocket_review.model.program import last_word
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_ASKING = frozenset({"SO_PEERCRED", "SCM_CREDENTIALS", "LOCAL_PEERPID", "LOCAL_PEERCRED", "ucred", "localsocket"})
# What acts on, or looks into, the process of a number.
_BY_NUMBER = frozenset({"kill", "pidfd_open", "Process", "killpg", "ptrace", "proc_pidpath", "pid_exists", "getpgid"})
_AMONG = frozenset({"contains", "count", "find", "index"})
_WHY = "The process that connected may be gone and its number reused"


def check(facts: Facts) -> Iterator[Finding]:
    for function in facts.functions():
        names = function.unit.identifiers
        if not _ASKING & set(names) or "SO_PEERPIDFD" in names:
            continue
        seen: set[Expression] = set()
        for expression in function.expressions():
            if expression in seen:
                continue
            use = _use(facts, expression, function)
            place = facts.credentials.process_id(use[0], function) if use is not None else None
            if use is not None and place is not None:
                seen.update(walk(expression))  # what is inside of it says the same
                evidence = [(place, "the process id comes from here"), (expression.place, use[1])]
                yield RULE.finding(expression.place, f"{_WHY}: here it {use[2]}.", evidence)


def _use(facts: Facts, expression: Expression, function: FunctionInfo) -> tuple[Expression, str, str] | None:
    """Return what may hold a process id and is acted upon, and how."""
    match expression:
        case Binary(operator="==" | "!=" | "in" | "not in", left=left, right=right):
            if not _is_constant(facts, left, function) and not _is_constant(facts, right, function):
                return expression, "compared here", "identifies the peer"
        case Call(called_name=name, arguments=(first, *_)) if name in _BY_NUMBER:
            return first, "used here", "names the process that is acted upon"
        case Call(called_name=name, arguments=(first, *_)) if name in _AMONG and expression.receiver is not None:
            return first, "looked up here", "identifies the peer"
        case Call() | Format() | Binary(operator="+" | "/" | "%"):
            # Asked first, since a program has many texts and few process ids.
            holds_id = facts.credentials.process_id(expression, function) is not None
            if holds_id and _is_in_proc(facts, expression, function):
                return expression, "looked into here", "leads into /proc"
    return None


def _is_constant(facts: Facts, expression: Expression, function: FunctionInfo) -> bool:
    """Say whether a side is what stands for no process at all: `0`, a constant such as `NO_PID`."""
    plain = strip_casts(expression)
    if isinstance(plain, Literal):
        return True
    numbers = facts.values.numbers(plain, function)
    if isinstance(plain, Unary) or last_word(dotted(plain)).isupper():
        return all(number <= 0 for number in numbers)
    return False


def _is_in_proc(facts: Facts, expression: Expression, function: FunctionInfo) -> bool:
    if isinstance(expression, Call):
        parts = [*expression.arguments, *([expression.receiver] if expression.receiver is not None else [])]
    else:
        parts = [expression]
    return any(
        text.beginning == "/proc" or text.beginning.startswith("/proc/")
        for part in parts
        for text in facts.values.texts(part, function)
    )


RULE = Rule(
    id="LS112",
    title="process id of a peer taken for its identity",
    severity=Severity.MEDIUM,
    cwe="CWE-367",
    why=(
        "Process ids are reused. Between the moment you ask for one and the look at /proc, the peer can end or "
        "run another program, and the number then belongs to somebody else."
    ),
    repair="decide by the uid of SO_PEERCRED; for the process itself, hold the descriptor that SO_PEERPIDFD gives",
    unless=("the process is held by SO_PEERPIDFD", "the number is only shown, as in a log"),
    examples=(
        Example(
            Language.PYTHON,
            bad='pid, uid, gid = struct.unpack("3i", credentials)\nprogram = os.readlink(f"/proc/{pid}/exe")\n',
            good='pid, uid, gid = struct.unpack("3i", credentials)\nif uid != os.getuid():\n    connection.close()\n',
        ),
        Example(
            Language.CPP,
            bad='snprintf(path, sizeof path, "/proc/%d/exe", credentials.pid);\n',
            good="if (credentials.uid != getuid())\n    close(fd);\n",
        ),
    ),
    check=check,
)
