"""The defects that a rule knows by name: a claim of one is held against what the rule finds."""

from __future__ import annotations

from dataclasses import dataclass

from localsocket.review.claims.claim import Answer, Claim, Shown, by_findings, refuted, undecided
from localsocket.review.claims.kinds.kind import ClaimKind, words
from localsocket.review.claims.reviewed_code import Code
from localsocket.review.findings import Finding
from localsocket.review.model.declarations import FunctionInfo
from localsocket.review.rules import all_rules


@dataclass(frozen=True, slots=True)
class Defect:
    """How a defect is spoken of, the rules that find it, and words of code without which it cannot be there."""

    said: tuple[str, ...]
    rules: tuple[str, ...]
    words: tuple[str, ...] = ()


DEFECTS = (
    Defect(
        (
            r"un-?pickl\w+",
            r"pickle(?:d|s)?\b",
            r"<pickle>",
            r"(?:unsafe|insecure)\W+deserialization",
            r"deseriali[sz]\w+\W+(?:of\W+)?untrusted",
        ),
        ("LS107",),
        ("pickle", "marshal", "shelve", "recv_pyobj", "multiprocessing"),
    ),
    Defect(
        (
            r"authkey",
            r"<authkey>",
            r"hard-?coded\W+(?:key|secret|password|credential)s?",
            r"authentication\W+key",
        ),
        ("LS108",),
        ("authkey", "Listener", "Client", "BaseManager"),
    ),
    Defect(
        (
            r"command\W+injection",
            r"shell\W+injection",
            r"code\W+injection",
            r"sql\W+injection",
            r"path\W+traversal",
            r"directory\W+traversal",
            r"arbitrary\W+(?:command|code)s?",
        ),
        ("LS109",),
    ),
    Defect(
        (
            r"predictable\W+(?:\w+\W+)?(?:path|name|file)s?",
            r"shared\W+(?:temp\w*|temporary)\W+director",
            r"/tmp\b",  # noqa: S108 - a word to look for
            r"world-writable\W+director",
        ),
        ("LS105",),
        ("tmp", "shm", "gettempdir", "tempPath"),
    ),
    Defect(
        (
            r"(?:stale|existing|old|live)\W+(?:socket\W+)?(?:file|socket|server)s?\W+(?:\w+\W+){0,5}?(?:removed|"
            r"deleted|unlinked)",
            r"(?:unlink|remov|delet)\w*\W+(?:(?:\w+|<\w+>)\W+){0,5}?(?:without\W+(?:\w+\W+){0,2}?(?:check|prob|"
            r"lock|ask|test|verif)\w*|before\W+(?:\w+\W+){0,2}?(?:bind|listen)\w*|blindly)",
            r"<removeServer>",
        ),
        ("LS106",),
        ("unlink", "remove", "removeServer"),
    ),
    Defect((r"abstract\W+(?:socket|name|namespace)",), ("LS104",), ("AbstractNamespaceOption", "sun_path", "AF_UNIX")),
    Defect(
        (
            r"between\W+bind\W+and\W+chmod",
            r"chmod\W+after\W+bind",
            r"(?:permissions?|modes?|<chmod>)[^.]{0,60}?\bafter\W+(?:the\W+)?(?:<\d+s?>|bind|listen)",
            r"toctou",
            r"time[\s-]of[\s-]check",
        ),
        ("LS103", "LS106"),
    ),
    Defect(
        (
            r"close-on-exec",
            r"cloexec",
            r"inherit(?:ed|able)\W+(?:by\W+)?(?:child\w*|descriptors?)",
        ),
        ("LS115", "LS114"),
    ),
    Defect(
        (
            r"use[\s-]after[\s-]free",
            r"dangling\W+pointers?",
        ),
        ("LS117",),
    ),
    Defect((r"shared\W+memory",), ("LS118",), ("QSharedMemory", "SharedMemory", "shm_open", "mmap")),
    Defect(
        (
            r"peer'?s?\W+(?:pid|process\W+id)",
            r"pid\W+(?:reuse|is\W+(?:trusted|used))",
        ),
        ("LS112", "LS113"),
        ("SO_PEERCRED", "pid", "ucred"),
    ),
    Defect(
        (
            r"null(?:ptr)?[\s-]*(?:pointer\W+)?(?:check|dereference)",
            r"not\W+(?:\w+\W+)?checked\W+for\W+null",
        ),
        ("LS202",),
        ("nextPendingConnection",),
    ),
    Defect(
        (
            r"direct\W*connection",
            r"<DirectConnection>",
            r"lambda\W+(?:\w+\W+){0,4}?without\W+(?:a\W+)?context",
        ),
        ("LS204",),
        ("connect",),
    ),
    Defect(
        (
            r"framing",
            r"message\W+boundar\w+",
            r"partial\W+(?:messages?|reads?|data)",
            r"assumes?\W+(?:\w+\W+){0,3}?(?:complete|whole|entire)\W+message",
            r"fragmented",
        ),
        ("LS205", "LS207"),
    ),
    Defect(
        (
            r"block(?:s|ing|ed)?\W+(?:(?:\w+|<\w+>)\W+){0,4}?(?:event\W+loop|gui|main\W+thread|ui\W+thread)",
            r"(?:without|no|missing|infinite)\W+(?:a\W+|any\W+)?time-?outs?",
            r"blocks?\W+(?:forever|indefinitely)",
            r"hang",
        ),
        ("LS206",),
    ),
    Defect(
        (
            r"short\W+(?:read|write)s?",
            r"partial\W+(?:send|write)s?",
        ),
        ("LS207",),
    ),
    Defect(
        (
            r"end\W+of\W+(?:file|stream)",
            r"\bEOF\b",
            r"infinite\W+loop",
            r"endless\W+loop",
        ),
        ("LS208",),
    ),
    Defect(
        (
            r"reference\W+to\W+(?:the\W+)?task",
            r"task\W+(?:\w+\W+){0,4}?garbage",
            r"fire[\s-]and[\s-]forget",
        ),
        ("LS209",),
        ("create_task", "ensure_future"),
    ),
    Defect(
        (
            r"reconnect\w*",
            r"disconnect(?:ed|ion)?\W+(?:\w+\W+){0,4}?(?:not\W+)?handled",
            r"<errorOccurred>",
        ),
        ("LS210",),
    ),
    Defect(
        (
            r"byte[\s-]by[\s-]byte",
            r"single\W+bytes?\W+at\W+a\W+time",
            r"per-byte",
            r"quadratic",
        ),
        ("LS302",),
    ),
    Defect(
        (
            r"busy[\s-]*(?:wait|loop)\w*",
            r"polling",
            r"polls\b",
            r"spins\b",
        ),
        ("LS303",),
    ),
    Defect(
        (
            r"old[\s-]style\W+(?:\w+\W+)?(?:connect\w*|signal|syntax)",
            r"string-based\W+connect\w*",
            r"<SIGNAL>",
            r"magic\W+(?:numbers?|time-?outs?)",
            r"hard-?coded\W+(?:names?|paths?|endpoints?|time-?outs?)",
            r"duplicated\W+(?:literal|name|endpoint)",
        ),
        ("LS405",),
    ),
    Defect(
        (
            r"uninitiali[sz]ed",
            r"not\W+initiali[sz]ed",
            r"missing\W+(?:explicit|override)",
            r"without\W+(?:explicit|override)",
            r"<(?:explicit|override)>",
        ),
        ("LS406",),
    ),
)


def check(claim: Claim, code: Code) -> Answer:
    defect = next(one for one in DEFECTS if words(*one.said).search(claim.clause))
    found = [finding for finding in code.findings(*defect.rules) if _is_there(finding, claim, code)]
    if found:
        return by_findings(found, claim.is_complaint)
    missing = [word for word in defect.words if not code.occurrences(word) and not _in_texts(word, code)]
    if defect.words and len(missing) == len(defect.words) and claim.is_complaint:
        return refuted(f"None of {', '.join(defect.words)} occurs in the code; searched: {code.extent}.")
    existing = [rule for rule in all_rules() if rule.id in defect.rules]
    names = " and ".join(rule.id for rule in existing)
    places: list[Shown] = [
        (entity.place, f"{entity} is here")
        for subject in claim.subjects
        for entity in code.resolve(subject, claim.scopes)[:1]
    ]
    if not existing:
        return undecided("No rule checks this.", *places)
    verb = "finds" if len(existing) == 1 else "find"
    return undecided(
        f"{names} {verb} nothing{' there' if places else ''}, which does not prove that there is nothing.", *places
    )


def _in_texts(word: str, code: Code) -> bool:
    return any(word in unit.source for unit in code.program.units)


def _is_there(finding: Finding, claim: Claim, code: Code) -> bool:
    """Say whether the finding is where the claim says that it is."""
    entities = [entity for one in (*claim.subjects, *claim.scopes) for entity in code.resolve(one, claim.scopes)]
    if not entities:
        return True
    places = [finding.place, *(one.place for one in finding.evidence)]
    for entity in entities:
        if entity.sort == "file" and any(place.file == entity.unit.path for place in places):
            return True
        if any(
            place.file == entity.place.file and entity.place.line <= place.line <= entity.place.end_line
            for place in places
        ):
            return True
        functions = [entity.found] if isinstance(entity.found, FunctionInfo) else []
        if entity.sort == "class" and entity.owner is not None:
            functions = [method for method in entity.owner.all_methods() if method.body is not None]
        lines = {(one.place.file, one.place.line) for function in functions for one in function.statements()}
        if any((place.file, place.line) in lines for place in places):
            return True
        if any(
            (place.file, place.line) == (one.file, one.line)
            for place in places
            for one in code.occurrences(entity.name)
        ):
            return True
    return False


KIND = ClaimKind(
    name="known defect",
    title="one of the defects that a rule knows",
    complaint=words(*(phrase for defect in DEFECTS for phrase in defect.said)),
    denial=None,
    check=check,
    topics=frozenset(
        {"pickle", "authkey", "removeServer", "DirectConnection", "errorOccurred", "SIGNAL", "explicit", "override"}
    ),
    rank=2,
    examples=(
        "The socket file is removed without checking for a live server.",
        "Received data is unpickled.",
        "Command injection is possible in `serve()`.",
        "The server blocks forever.",
    ),
)
