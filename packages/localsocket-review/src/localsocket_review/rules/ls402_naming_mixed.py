"""LS402: things of one kind are named in more than one way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.naming import Named, is_named_like_a_slot, member_mark, word_style
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.unit import Language, Unit
from localsocket_review.rules.rule import Example, Rule

_SOME = 3  # how many names stand for many
_USUAL_MARK = "m_"


def check(facts: Facts) -> Iterator[Finding]:
    concerned = {unit.path: unit for unit in facts.program.units if facts.subject.concerns(unit)}
    for (file, kind), names in facts.naming.by_file_and_kind().items():
        if file not in concerned:
            continue
        if kind == "signals":
            yield from _named_like_slots(names)
        if kind == "members":
            is_python = concerned[file].language is Language.PYTHON
            yield from _vote(names, kind, _python_mark if is_python else member_mark, _USUAL_MARK)
        yield from _vote(names, kind, word_style, _usual_style(kind, concerned[file]))


def _vote(names: Sequence[Named], kind: str, style_of: Callable[[str], str], usual: str) -> Iterator[Finding]:
    """Report the minority; where there is a tie, those that do as is not usual in the language are the minority."""
    styles = {named: style for named in names if (style := style_of(named.name))}
    counts = Counter(styles.values())
    if len(counts) < 2:
        return
    majority = max(counts, key=lambda style: (counts[style], style == usual))
    others = [named for named in names if named in styles and styles[named] != majority]
    first = next(named for named in names if styles.get(named) == majority)
    what = kind if style_of is not word_style else f"{kind} whose names show a style"
    way = {"no mark": "no prefix", "m_": "`m_`", "_ in front": "`_` in front", "_ at the end": "`_` at the end"}
    message = f"{counts[majority]} of {len(styles)} {what} use {way.get(majority, majority)}; {_list(others)}."
    evidence = [(first.place, f"`{first.name}`, as most")]
    evidence.extend((named.place, f"`{named.name}`") for named in others)
    yield RULE.finding(others[0].place, message, evidence)


def _list(others: Sequence[Named]) -> str:
    listed = ", ".join(f"`{named.name}`" for named in others[:_SOME])
    if len(others) == 1:
        return f"{listed} does not"
    more = f" and {len(others) - _SOME} more" if len(others) > _SOME else ""
    return f"{listed}{more} do not"


def _named_like_slots(names: Sequence[Named]) -> Iterator[Finding]:
    others = [named for named in names if is_named_like_a_slot(named.name)]
    if others:
        verb = "is named like a slot" if len(others) == 1 else "are named like slots"
        listed = ", ".join(f"`{named.name}`" for named in others)
        message = f"{len(others)} of {len(names)} signals {verb}: {listed}."
        evidence = [(named.place, f"the signal `{named.name}`") for named in others]
        yield RULE.finding(others[0].place, message, evidence, repair="name a signal for what has happened: `received`")


def _usual_style(kind: str, unit: Unit) -> str:
    if kind == "classes":
        return "PascalCase"
    is_qt = unit.language is Language.CPP and any(name.rpartition("/")[2][:1] == "Q" for name, _ in unit.includes)
    return "camelCase" if is_qt else "snake_case"


def _python_mark(name: str) -> str:
    """In Python the `_` in front says that a member is private, which is no matter of style."""
    return member_mark(name.lstrip("_"))


RULE = Rule(
    id="LS402",
    title="naming mixed within one kind",
    severity=Severity.NOTE,
    cwe=None,
    why=(
        "Whoever reads a name has to know what it is and how to spell it. Where one file names the same kind of thing "
        "in two ways, every use has to be looked up, and searches miss half."
    ),
    repair="rename the few like the many",
    unless=(
        "the name was given by a framework or a base class, as that of an override",
        "fields of a struct need no mark, whatever the members of classes have",
        "the file has nothing to do with local sockets",
    ),
    examples=(
        Example(
            Language.PYTHON,
            bad="def start_server(): ...\ndef stop_server(): ...\ndef readAll(): ...\n",
            good="def start_server(): ...\ndef stop_server(): ...\ndef read_all(): ...\n",
        ),
        Example(
            Language.CPP,
            bad="class Pool {\n    QLocalServer *m_server;\n    QByteArray m_buffer;\n    int clients;\n};\n",
            good="class Pool {\n    QLocalServer *m_server;\n    QByteArray m_buffer;\n    int m_clients;\n};\n",
        ),
    ),
    check=check,
)
