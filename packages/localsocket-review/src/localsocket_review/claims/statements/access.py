"""Who may connect, as the modes and options that are written in the code say."""

from __future__ import annotations

from localsocket_review.claims.reviewed_code import Code
from localsocket_review.claims.statements.asked import quoted, values_of
from localsocket_review.claims.statements.phrases import Matched, StatementKind
from localsocket_review.claims.statements.truth import Truth, false, true
from localsocket_review.model.place import Place

_OTHERS_WRITE = 0o002
_BEYOND_OWNER = 0o077
_CHANGING = ("chmod", "fchmod")


def _modes(matched: Matched, code: Code) -> list[tuple[int, Place]] | None:
    """Return the modes that are set; None where one of them is not written in the code."""
    named = [one for one in matched.names.get("X", ()) if one.name in _CHANGING]
    if "X" in matched.names and not named:
        return None
    found: list[tuple[int, Place]] = []
    for name in [one.name for one in named] or _CHANGING:
        for call, function in code.calls_of(name):
            values = values_of(call.arguments[-1], function, code) if call.arguments else None
            if not values or not all(isinstance(one, float) for one in values):
                return None
            found.extend((int(one), call.place) for one in values if isinstance(one, float))
    return found or None


def _is_open(matched: Matched, code: Code) -> Truth | None:
    """Every user may connect: others may write."""
    modes = _modes(matched, code)
    options = code.occurrences("WorldAccessOption")
    if options and "X" not in matched.names:
        return true("WorldAccessOption lets every user connect.", *(quoted(one, code) for one in options))
    if modes is None:
        return None
    shown = [quoted(place, code) for _, place in modes]
    told = ", ".join(sorted({f"0o{mode:03o}" for mode, _ in modes}))
    if all(mode & _OTHERS_WRITE for mode, _ in modes):
        return true(f"The mode is {told}, with which others may write, and so connect.", *shown)
    if not any(mode & _OTHERS_WRITE for mode, _ in modes):
        return false(f"The mode is {told}, with which others may not write, and so not connect.", *shown)
    return None


def _is_private(matched: Matched, code: Code) -> Truth | None:
    modes = _modes(matched, code)
    if modes is None:
        return None
    shown = [quoted(place, code) for _, place in modes]
    told = ", ".join(sorted({f"0o{mode:03o}" for mode, _ in modes}))
    if any(mode & _BEYOND_OWNER for mode, _ in modes):
        return false(f"The mode is {told}, which gives others than the owner a right.", *shown)
    return true(f"The mode is {told}: it is the owner's alone.", *shown)


_EVERYBODY = (
    r"(?:every|any|all)(?: (?:local|other))? (?:users?|accounts?|process(?:es)?|programs?)(?: on "
    r"(?:the|this) (?:machine|system|host|computer))?"
)

ACCESS = (
    StatementKind(
        "open to everybody",
        "whether every user may connect",
        "`os.chmod(PATH, 0o660)` lets every user on the machine connect.",
        _is_open,
        (
            (
                rf"(?:{{X}} )?(?:gives?|lets?|allows?|grants?|permits?) {_EVERYBODY} (?:to )?(?:connect|write|"
                r"access|the right to connect|access to)"
            ),
            (
                r"(?:the )?(?:socket|file|endpoint)(?: file)? {BE} (?:made )?(?:readable and )?writable (?:for|by) "
                r"(?:everybody|everyone|all|all users|every user|others)(?: (?:with|by|using|through) {X})?"
            ),
            rf"{_EVERYBODY} (?:can |may |to )?(?:connect|write to|talk)",
            (
                r"(?:the )?(?:socket|file|endpoint)(?: file)? is (?:world[- ]writable|writable by (?:all|everyone|"
                r"everybody|every user|others|any user)|open to (?:everyone|everybody|all))"
            ),
            r"{X} makes the (?:socket|file)(?: file)? (?:world[- ]writable|writable by everyone)",
        ),
    ),
    StatementKind(
        "the owner's alone",
        "whether only the owner may connect",
        "`chmod(path, 0600)` restricts access to the owner.",
        _is_private,
        (
            r"(?:{X} )?(?:restricts?|limits?) (?:the )?access to the (?:owner|current user|same user)",
            (
                r"{X} (?:takes|removes|revokes) (?:away )?(?:write |read |all )?(?:access|permissions?|rights?) "
                r"from (?:the )?(?:group and others|others|other users|group and other)"
            ),
            (
                r"(?:the )?(?:socket|file|endpoint)(?: file)? is (?:only )?(?:accessible|open|usable) (?:only "
                r")?(?:to|by|for) (?:its|the) (?:owner|user)(?: only)?"
            ),
            r"only the (?:owner|same user|current user) (?:can |may )?(?:connect|access)",
        ),
    ),
)
