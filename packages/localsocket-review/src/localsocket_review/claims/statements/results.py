"""Whether what a call returns is looked at."""

from __future__ import annotations

import re

from localsocket_review.claims.defect import is_tested
from localsocket_review.claims.reviewed_code import Code
from localsocket_review.claims.statements.asked import Found, calls_of, quoted
from localsocket_review.claims.statements.calls import subject_functions, together
from localsocket_review.claims.statements.phrases import Matched, StatementKind
from localsocket_review.claims.statements.truth import Truth, false, true, unknown
from localsocket_review.claims.word_sets import word_set
from localsocket_review.model.expressions import Await, strip_casts, walk
from localsocket_review.model.statements import Evaluate, Return


def _is_looked_at(matched: Matched, code: Code) -> Truth | None:
    functions = subject_functions(matched, code)
    if functions is None:
        return None
    truths = []
    for mention in matched.names["X"]:
        found = [one for one in calls_of(mention, functions, code) if _reports(one, code)]
        if not found:
            return None
        dropped = [one for one in found if is_dropped(one)]
        if (
            not dropped
            and _ASKED.search(matched.wording.core)
            and not all(is_tested(one.call, one.function, code.facts) for one in found)
        ):
            untested = [one for one in found if not is_tested(one.call, one.function, code.facts)]
            if len(untested) < len(found) or any(_is_handed_back(one, code) for one in untested):
                return None
            truths.append(
                false(f"No condition asks what {mention.text} returned.", *(quoted(one.place, code) for one in found))
            )
            continue
        shown = [quoted(one.place, code) for one in dropped or found]
        if not dropped:
            truths.append(true(f"What {mention.text} returns is used.", *shown))
        elif len(dropped) == len(found):
            truths.append(false(f"What {mention.text} returns is dropped.", *shown))
        else:
            truths.append(unknown(f"{len(dropped)} of {len(found)} results of {mention.text} are dropped.", *shown))
    return together(truths)


def _is_handed_back(found: Found, code: Code) -> bool:
    """Say whether a result, or what takes it, is returned or given to another call: there it may be asked for."""
    holder = code.facts.ownership.holder(found.call, found.function)
    for statement in found.function.statements():
        if isinstance(statement, Return) and statement.value is not None:
            for part in walk(statement.value):
                if part is found.call or (
                    holder is not None and code.facts.names.variable(part, found.function) == holder
                ):
                    return True
    return any(part is found.call for call in found.function.calls() if call is not found.call for part in walk(call))


_ASKED = re.compile(r"check|test|verif|handl|examin|inspect|evaluat", re.IGNORECASE)


def is_dropped(found: Found) -> bool:
    for statement in found.function.statements():
        if isinstance(statement, Evaluate):
            value = strip_casts(statement.value)
            inner = value.value if isinstance(value, Await) else value
            if inner is found.call or value is found.call:
                return True
    return False


def _reports(found: Found, code: Code) -> bool:
    """Say whether the call tells by its result how it went, or returns anything."""
    api = code.facts.calls.api_of(found.call, found.function)
    is_python = found.function.unit.assigning_declares
    if api is not None and (api.reports or is_python):
        return api.reports
    if not is_python and found.call.called_name in _C_RESULTS:
        return True
    callees = code.facts.calls.callees(found.call, found.function)
    if callees:
        return all(one.return_type not in ("", "void", "None") for one in callees)
    return False


def _is_asked_for(matched: Matched, code: Code) -> Truth | None:
    """What X returned is tested: a condition names the call, or what took its result."""
    functions = subject_functions(matched, code)
    if functions is None:
        return None
    mention = matched.name("X")
    found = calls_of(mention, functions, code)
    if not found:
        return None
    tested = [shown for one in found if (shown := is_tested(one.call, one.function, code.facts)) is not None]
    if len(tested) == len(found):
        return true(f"What {mention.text} returns is tested.", *(quoted(place, code) for place, _ in tested))
    if not tested:
        return false(f"No condition asks what {mention.text} returned.", *(quoted(one.place, code) for one in found))
    return None


_C_RESULTS = word_set(
    "bind listen accept accept4 connect send sendto sendmsg recv recvfrom recvmsg read write close chmod "
    "fchmod unlink setsockopt fcntl ioctl fork pipe dup dup2 open mkdir rename sigaction fwrite fread "
    "socketpair poll select setuid setgid chdir ftruncate lseek fsync fstat stat lstat malloc calloc realloc"
)
_RESULT = (
    r"(?:the |any |no )?(?:return(?:ed)? (?:value|code|status)s?|results?|outcomes?|error codes?|"
    r"success)(?: (?:of|from|returned by|that))?(?: the(?: two| three| four)?)? {XS}(?: (?:returns|"
    r"calls?))?"
)
_LOOKED = (
    r"(?:checked|tested|used|looked at|examined|evaluated|considered|inspected|verified|handled|taken "
    r"into account|captured)"
)
_DROPPED = r"(?:ignored|unchecked|discarded|dropped|thrown away|unused|disregarded|unhandled|untested)"

# What calls of Python's library give, which is never None.
_NEVER_NONE = {
    "accept": "a pair of a socket and an address",
    "recv": "bytes",
    "recvfrom": "a pair of bytes and an address",
    "recvmsg": "four parts",
    "send": "a number",
    "sendto": "a number",
    "socket": "a socket",
    "socketpair": "a pair of sockets",
    "open_unix_connection": "a pair of streams",
    "start_unix_server": "a server",
    "readline": "bytes",
    "read": "bytes",
    "loads": "what was written",
}


def _can_be_none(matched: Matched, code: Code) -> Truth | None:
    """What a call of Python's sockets returns may be None."""
    mention = matched.name("X")
    found = calls_of(mention, code.program.functions, code)
    if not found or mention.name not in _NEVER_NONE or not all(one.function.unit.assigning_declares for one in found):
        return None
    if mention.name in ("read", "loads") or any(code.facts.calls.callees(one.call, one.function) for one in found):
        return None
    reason = f"{mention.name}() gives {_NEVER_NONE[mention.name]}, or raises an exception; it never gives None."
    return false(reason, *(quoted(one.place, code) for one in found))


_NOTHING = (
    r"(?:none|null|nullptr|a null pointer|an? null|-1|a negative value|an error|nothing|false|zero|0|an empty \w+)"
)

RESULTS = (
    StatementKind(
        "may be None",
        "whether a call can give None",
        "The `accept()` result could be None.",
        _can_be_none,
        (
            (
                r"(?:the )?(?:result|return value|value|socket)? ?(?:of |from |returned by )?{X}(?: result| return "
                r"value)? (?:be|is|returns?|return|gives?|yields?) (?:none|null|a null pointer|nullptr)"
            ),
        ),
    ),
    StatementKind(
        "result is tested",
        "whether a condition asks what a call returned",
        "`accept()` does not check whether `nextPendingConnection()` returned a null pointer.",
        _is_asked_for,
        (
            (
                rf"{{S}} (?:checks?|tests?|asks?|verif(?:y|ies)) (?:whether|if|that|for)? ?{{X}} (?:returned|"
                rf"returns|gave|gives|is|was|has returned) {_NOTHING}"
            ),
            rf"{{X}} {{BE}} (?:checked|tested) (?:for|against) {_NOTHING}",
            rf"{{S}} (?:checks?|tests?) (?:the )?(?:return value |result )?(?:of )?{{X}} (?:for|against) {_NOTHING}",
        ),
        (
            (
                rf"{{S}} (?:uses?|dereferences?) (?:the )?(?:return value |result |pointer )?(?:of |from |returned "
                rf"by )?{{X}} without (?:checking|testing) (?:it |whether it is )?(?:for |against )?{_NOTHING}"
            ),
        ),
    ),
    StatementKind(
        "result is looked at",
        "whether what a call returns is looked at",
        "The return value of `listen()` is ignored.",
        _is_looked_at,
        (
            rf"{_RESULT.replace('|no ', '')} (?:{{BE}}) {_LOOKED}",
            (
                r"{S} (?:checks?|tests?|looks? at|inspects?|examines?|verifies|uses?) (?:the |any "
                r")?(?:return(?:ed)? (?:value|code)s?|results?) (?:of|from) {XS}"
            ),
            (
                r"{S} (?:checks?|tests?|verif(?:y|ies)) (?:whether|if|that) {X} (?:succeeds|succeeded|fails|failed|"
                r"worked|works|was successful)"
            ),
        ),
        (
            rf"{_RESULT.replace('|no ', '')} (?:{{BE}}|goes|go|stays|remains?) {_DROPPED}",
            r"{S} (?:ignores?|discards?|drops?) what {XS} (?:returns?|return|gives?)",
            (
                r"(?:an? |any |the )?(?:failure|failing|error)s? of (?:the )?(?:very )?(?:first )?{XS} (?:goes|go|"
                r"is|are|stays|remains?) (?:unnoticed|ignored|unhandled|undetected)"
            ),
            rf"no (?:return (?:value|code)|result) of {{XS}} (?:is|are) {_LOOKED}",
            r"{XS} {BE} (?:called )?(?:unchecked|without checking (?:its|the) (?:result|return value))",
            (
                r"{S} (?:ignores?|discards?|drops?) (?:the )?(?:return(?:ed)? (?:value|code)s?|results?) (?:of|"
                r"from) {XS}"
            ),
        ),
    ),
)
