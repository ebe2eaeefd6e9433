"""LS102: nothing says who may connect. A note, for the defaults are often enough."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.keys import gives_key
from localsocket_review.analysis.names import Variable
from localsocket_review.analysis.sites import Site
from localsocket_review.analysis.texts import HoleKind, Text
from localsocket_review.apis.meaning import Act, DefaultAccess
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import ClassInfo, FunctionInfo
from localsocket_review.model.expressions import Call, Expression, This, dotted
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_STATING = Act.CHMOD | Act.UMASK | Act.MAKE_DIRECTORY
_MESSAGE = (
    "The code does not say who may connect, so the umask decides: under the usual 022 the owner, under 002 the "
    "group, under 000 everyone."
)
_DESCRIPTORS = ("int", "qintptr", "descriptor")


def check(facts: Facts) -> Iterator[Finding]:
    stated = {
        bind.site.call
        for function in facts.functions()
        for bind in facts.effects.of(function, Act.BIND)
        if any(_says_who(effect.site) for effect in facts.effects.of(function, _STATING))
    }
    told: set[tuple[FunctionInfo, Variable | None]] = set()
    for site in facts.calls.sites(Act.BIND):
        if (
            site.call in stated
            or site.argument("mode") is not None
            or site.api.access is not DefaultAccess.UMASK
            or gives_key(site)
            or facts.access.is_abstract(site)
        ):
            continue
        unsaid = _is_unsaid_by_qt(facts, site) if site.api.name.startswith("Q") else _is_open(facts, site)
        server = (
            site.function,
            facts.names.variable(site.call.receiver, site.function) if site.call.receiver else None,
        )
        if unsaid and server not in told and not facts.access.asks_for_credentials(site.function.unit):
            told.add(server)  # a second try is the same server
            yield RULE.finding(site.place, _MESSAGE, [(site.place, "listens here")])


def _says_who(site: Site) -> bool:
    return not site.api.act & Act.MAKE_DIRECTORY or site.argument("mode") is not None


def _is_unsaid_by_qt(facts: Facts, site: Site) -> bool:
    name = site.argument("endpoint")
    if name is None or facts.inference.is_a(name, site.function, *_DESCRIPTORS):
        return False
    if any(text.has(HoleKind.PRIVATE, HoleKind.RUNTIME) for text in facts.values.endpoint(name, site.function)):
        return False
    return not any(_is_of_same_server(facts, options, site) for options in facts.calls.sites(Act.CHMOD))


def _is_of_same_server(facts: Facts, options: Site, site: Site) -> bool:
    """Say whether options are set of the server that listens, or, in the same file, of one that cannot be told."""
    if options.api.method != "setSocketOptions":
        return False
    one, other = options.call.receiver, site.call.receiver
    if one is None or other is None or isinstance(one, This):
        owner = options.function.owner
        if owner is None:
            return False
        return owner is site.function.owner if other is None else owner in _classes_of(facts, other, site.function)
    set_of = facts.names.variable(one, options.function)
    if set_of == facts.names.variable(other, site.function):
        return True
    is_parameter = set_of is not None and any(
        parameter.name == set_of.path for parameter in options.function.parameters
    )
    return is_parameter and options.function.unit is site.function.unit


def _classes_of(facts: Facts, server: Expression, function: FunctionInfo) -> list[ClassInfo]:
    type_name = facts.inference.type_of(server, function)
    known = facts.program.class_named(type_name, function.unit) if type_name else None
    return [] if known is None else list(facts.program.lineage(known))


def _is_open(facts: Facts, site: Site) -> bool:
    return _is_open_path(facts, site) or (_is_given_to_framework(facts, site) and not _says_class(facts, site))


def _is_given_to_framework(facts: Facts, site: Site) -> bool:
    """Say whether the local socket that is bound, wherever that is, reaches a server by `sock=`."""
    endpoint, bound = site.argument("endpoint"), site.call.receiver
    if endpoint is None or bound is None or site.function.unit.language is not Language.PYTHON:
        return False
    if not all(text.is_unknown for text in facts.values.endpoint(endpoint, site.function)):
        return False
    made = {one.expression for one in facts.origins.of(bound, site.function) if _makes_local_socket(one.expression)}
    return bool(made) and any(
        made & {one.expression for one in facts.origins.of(served.call.keywords["sock"], served.function)}
        for served in facts.calls.sites(Act.LISTEN)
        if "sock" in served.call.keywords
    )


def _makes_local_socket(made: Expression) -> bool:
    return isinstance(made, Call) and any(dotted(part).endswith("AF_UNIX") for part in made.arguments)


def _says_class(facts: Facts, site: Site) -> bool:
    """Say whether another method of the class sets a mode."""
    owner = site.function.owner
    methods = [one for one in owner.all_methods() if one.body is not None] if owner is not None else []
    return any(_says_who(effect.site) for method in methods for effect in facts.effects.of(method, _STATING))


def _is_open_path(facts: Facts, site: Site) -> bool:
    endpoint = site.argument("endpoint")
    if endpoint is None or facts.transports.is_network_site(site):
        return False
    # What a setting may say besides is somebody's choice, and what another system is given no path.
    named = facts.values.endpoint(endpoint, site.function)
    known = [text for text in named if not text.begins_unknown and "://" not in text.beginning]
    return bool(known) and all(_is_path_of_no_private_directory(text) for text in known)


def _is_path_of_no_private_directory(text: Text) -> bool:
    if text.has(HoleKind.PRIVATE, HoleKind.RUNTIME) or "XXXXXX" in text.beginning:
        return False
    if text.beginning.startswith(("/run/user/", "/root/", "\0")):
        return False
    return (
        text.beginning.startswith("/")
        or text.has(HoleKind.HOME)
        or (text.literal or "").endswith((".sock", ".socket", ".ipc"))
    )


RULE = Rule(
    id="LS102",
    title="nothing says who may connect",
    severity=Severity.NOTE,
    cwe="CWE-276",
    why=(
        "If the program does not say who may connect, the umask of the user who starts it decides. That often "
        "works, but the program cannot rely on it."
    ),
    repair="call setSocketOptions(UserAccessOption) before listen, or bind in a directory of mode 0700",
    unless=(
        "the endpoint is in a runtime directory or a private one",
        "a descriptor that already listens is passed in",
        "the program checks the credentials of its peers",
    ),
    examples=(
        Example(
            Language.PYTHON,
            bad='await asyncio.start_unix_server(handle, "/srv/editor/control.sock")\n',
            good='await asyncio.start_unix_server(handle, os.environ["XDG_RUNTIME_DIR"] + "/editor.sock")\n',
        ),
        Example(
            Language.CPP,
            bad='server.listen("editor");\n',
            good='server.setSocketOptions(QLocalServer::UserAccessOption);\nserver.listen("editor");\n',
        ),
    ),
    check=check,
)
