"""What is said of a line by its number."""

from __future__ import annotations

import re
from pathlib import PurePath

from localsocket_review.claims.reviewed_code import Code
from localsocket_review.claims.statements.asked import text_at
from localsocket_review.claims.statements.judging import parts_of, stem
from localsocket_review.claims.statements.phrases import Matched, StatementKind, number_of
from localsocket_review.claims.statements.truth import Truth, false, true, unknown
from localsocket_review.model.place import Place

# What a line does, in the words of people and as calls: a line that does it has one of these words.
_DOINGS = {
    "send": "send write reply emit push sendto sendmsg sendall",
    "writ": "send write print put",
    "repl": "send write",
    "accept": "accept nextPendingConnection next pending",
    "clos": "close shutdown aclose",
    "delet": "delete unlink remove qDeleteAll del",
    "remov": "remove unlink delete pop discard erase clear",
    "unlink": "unlink remove",
    "connect": "connect connectToServer open_unix_connection Client",
    "bind": "bind listen start",
    "listen": "listen start_unix_server listener",
    "creat": "new make create socket open Thread start",
    "open": "open socket",
    "start": "start run begin fork Thread",
    "read": "read recv readline readLine receive",
    "receiv": "recv read receive",
    "return": "return",
    "call": "",
    "check": "if while assert",
    "import": "import include",
    "includ": "include import",
    "allocat": "new malloc calloc alloc",
    "sleep": "sleep wait",
    "rais": "raise throw",
    "throw": "throw raise",
    "chang": "chmod fchmod set = umask",
    "abort": "abort",
    "shuts": "shutdown",
    "increment": "ref ++ += 1",
    "count": "ref ++ += 1",
    "appl": "settimeout set setsockopt",
    "print": "print printf perror fprintf qInfo qDebug cout",
    "sets": "set chmod = umask",
}


def _does(matched: Matched, code: Code) -> Truth | None:
    number = number_of(matched.words["N"])
    files = {one.name for one in (*matched.names.get("X", ()), *matched.scopes) if one.is_file}
    units = [one for one in code.program.units if not files or PurePath(one.path).name in files]
    if number is None or len(units) != 1:
        return None
    place = Place(units[0].path, int(number))
    text = text_at(place, code)
    if not text and int(number) > units[0].source.count("\n") + 1:
        return false(
            f"{units[0].path} has {units[0].source.count(chr(10))} lines.",
            (Place(units[0].path, 1), "the file begins here"),
        )
    verb = matched.words["D"].lower()
    doings = next(
        (words for start, words in sorted(_DOINGS.items(), key=lambda one: -len(one[0])) if verb.startswith(start)),
        None,
    )
    if doings is None:
        return None
    named = [
        one.name
        for one in matched.wording.mentions
        if not one.is_file and f"<{matched.wording.mentions.index(one)}>" in matched.words["rest"]
    ]
    has = {stem(part) for part in parts_of(text)}
    shown = (place, text or "an empty line")
    missing = [name for name in named if name not in text]
    if missing:
        return false(f"Line {int(number)} does not have {missing[0]}.", shown)
    names = set(re.findall(r"\w+", text))
    is_done = "=" in doings.split() or any(
        word in names or stem(word) in has or (not word.isalnum() and word in text) for word in doings.split()
    )
    if doings and not is_done:
        return false(f"That is not what line {int(number)} does.", shown)
    return true(f"Line {int(number)} does.", shown) if doings or named else unknown(f"Line {int(number)} may.", shown)


LINES = (
    StatementKind(
        "a line does something",
        "what the line of a number does",
        "Line 31 accepts the next connection.",
        _does,
        (
            r"line {N}(?:,? (?:of|in) {X})? (?P<D>[a-z]+s)\b",
            r"(?:on|in|at) line {N}(?: of {X})?,? (?:the (?:code|program|server|client) |it )?(?P<D>[a-z]+s)\b",
        ),
        takes_rest=True,
    ),
)
