"""Statements that the preprocessor cuts in two, made whole byte for byte: a grammar of C sees no half of a condition.

    #ifdef __HAIKU__
        if (bind(fd, address, whole) != 0) {
    #else
        if (bind(fd, address, used) != 0) {
    #endif

Each branch opens what is closed behind them both; or it stands in the brackets of a call, or between two operands. One
branch is kept, the others and the directives are blanked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_DIRECTIVE = re.compile(
    rb"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|elifdef|elifndef|else|endif)\b((?:\\\r?\n|[^\n])*)", re.M
)
_DIRECTIVE_LINE = re.compile(rb"^[ \t]*#(?:\\\r?\n|[^\n])*", re.M)
_NO_CODE = re.compile(rb"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n]){1,8}'", re.DOTALL)
_BRACKET = re.compile(rb"[(){}\[\]]")
_OTHER_SYSTEM = re.compile(
    rb"WIN32|WIN64|_MSC_VER|MINGW|CYGWIN|HAIKU|BEOS|__APPLE__|__MACH__|DARWIN|BSD\b|__BSD|__sun\b|SOLARIS|_AIX|HPUX|"
    rb"__OS2__|__QNX|VXWORKS|ANDROID|^\s*0\s*$"
)
_ENDS_STATEMENT = re.compile(rb".*[;{}]", re.DOTALL)
_OF_EXPRESSION = re.compile(rb"\A(?:\|\||&&|[|+?,.]|==|!=)|(?:\|\||&&|[|+?=]|==|!=)\Z")
_LONGEST_STATEMENT = 2000
_DENIED = re.compile(rb"!\s*defined")


@dataclass(slots=True)
class _Branch:
    """What stands between two directives; `begin` and `end` are those of its text."""

    word: bytes
    condition: bytes
    begin: int
    end: int = 0


@dataclass(slots=True)
class _Group:
    begin: int
    branches: list[_Branch]
    end: int = 0
    directives: list[tuple[int, int]] = field(default_factory=list)


def join_split_statements(source: bytes) -> bytes:
    """Return the source, of the same length and lines, with one branch left of each group that cuts a statement."""
    text = bytearray(source)
    for group in _groups(source):
        inside = [bytes(text[branch.begin : branch.end]) for branch in group.branches]
        if not (any(map(_cuts, inside)) or any(map(_is_operand, inside)) or _is_in_brackets(text, group.begin)) or any(
            b"__cplusplus" in branch.condition for branch in group.branches
        ):
            continue
        kept = _chosen(group)
        for begin, end in group.directives:
            _blank(text, begin, end)
        for branch in group.branches:
            if branch is not kept:
                _blank(text, branch.begin, branch.end)
    return bytes(text)


def _groups(source: bytes) -> list[_Group]:
    """Return the groups of branches, those inside another before it."""
    found: list[_Group] = []
    open_groups: list[_Group] = []
    for directive in _DIRECTIVE.finditer(source):
        word, condition = directive[1], directive[2]
        if word.startswith(b"if"):
            open_groups.append(_Group(directive.start(), []))
        elif not open_groups:
            continue
        else:
            open_groups[-1].branches[-1].end = directive.start()
        group = open_groups[-1]
        group.directives.append(directive.span())
        if word == b"endif":
            found.append(open_groups.pop())
        else:
            group.branches.append(_Branch(word, condition, directive.end()))
    return found


def _cuts(text: bytes) -> bool:
    """Say whether the text closes what it has not opened, or leaves something open."""
    depth = 0
    for bracket in _BRACKET.findall(_NO_CODE.sub(b" ", text)):
        depth += 1 if bracket in b"({[" else -1
        if depth < 0:
            return True
    return depth != 0


def _is_operand(text: bytes) -> bool:
    """Say whether the text begins or ends with what joins two values."""
    return _OF_EXPRESSION.search(_NO_CODE.sub(b" ", text).strip()) is not None


def _is_in_brackets(text: bytearray, begin: int) -> bool:
    """Say whether the statement that has begun before has a bracket open, as that of a call's arguments."""
    before = bytes(text[max(0, begin - _LONGEST_STATEMENT) : begin])
    begun = _DIRECTIVE_LINE.sub(b"", _NO_CODE.sub(b" ", _ENDS_STATEMENT.sub(b"", before).rpartition(b"*/")[2]))
    return begun.count(b"(") > begun.count(b")")


def _chosen(group: _Group) -> _Branch:
    """Return the branch that is compiled on Linux, as far as the conditions tell, and else the first."""
    for branch in group.branches:
        names_other = bool(_OTHER_SYSTEM.search(branch.condition))
        is_denied = branch.word.endswith(b"ndef") or bool(_DENIED.search(branch.condition))
        if names_other == is_denied or not branch.condition.strip():
            return branch
    return group.branches[0]


def _blank(text: bytearray, begin: int, end: int) -> None:
    text[begin:end] = bytes(byte if byte in b"\r\n" else 0x20 for byte in text[begin:end])
