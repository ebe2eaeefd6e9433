"""LS101: the socket is opened to the group or to all users."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import PurePath

from localsocket_review.analysis.effects import Effect
from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.analysis.texts import Text, Texts, parent_of
from localsocket_review.apis.meaning import Act, DefaultAccess, Setting
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Display, Expression, Name
from localsocket_review.model.statements import Assign
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule

_GROUP, _OTHERS, _STICKY = 0o020, 0o002, 0o1000
_CHOOSING_A_GROUP = frozenset({"chown", "lchown", "fchown", "fchownat"})
_GROUP_OPTION, _OTHER_OPTION = 2, 4


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.calls.sites(Act.CHMOD):
        bits = facts.access.bits(site.argument("mode"), site.function)
        if site.api.method == "setSocketOptions":
            yield from _options(site, bits)
        elif bits & (_GROUP | _OTHERS) and site.api.roles.get("path") is not None and _is_of_socket(facts, site):
            yield from _opened_unless_without_effect(facts, site, bits)
    yield from _opened_by_framework(facts)
    for setting in facts.tables.settings:
        for unit in facts.program.units:
            if unit.body is not None and fnmatch(PurePath(unit.path).name, setting.files):
                yield from _opened_by_settings(facts, setting, unit.body)
    for function in facts.functions():
        yield from _through_helpers(facts, function)
        yield from _wide_umasks(facts, function)


def _opened_by_framework(facts: Facts) -> Iterator[Finding]:
    """Yield what listens with a mode that lets others in, or by a framework that lets everyone in unless told."""
    for site in facts.calls.sites(Act.BIND):
        mode, endpoint = site.argument("mode"), site.argument("endpoint")
        if "mode" not in site.api.roles and site.api.access is not DefaultAccess.EVERYONE:
            continue
        is_secluded = facts.seclusion.is_secluded(site.function, Effect(site, site.call))
        if endpoint is None or is_secluded or facts.access.is_abstract(site) or facts.transports.is_network_site(site):
            continue
        bits = facts.access.bits(mode, site.function)
        if bits & (_GROUP | _OTHERS):
            yield _opened(site, bits)
        elif mode is None and site.api.access is DefaultAccess.EVERYONE:
            message = f"{site.api.method}() lets every user of this machine connect to the socket."
            evidence = [(site.place, "opened here")]
            yield RULE.finding(site.place, message, evidence, repair=site.api.restricted_by)


def _opened_by_settings(facts: Facts, setting: Setting, settings: FunctionInfo) -> Iterator[Finding]:
    """Yield the endpoint of a settings file, such as gunicorn's, with which the server lets everyone in."""
    values: dict[str, Expression] = {}
    for statement in settings.statements():
        match statement:
            case Assign(target=Name(identifier=name), value=Expression() as value):
                values[name] = value
    bound, umask = values.get(setting.name), values.get(setting.umask)
    if bound is None:
        return
    endpoints = bound.items if isinstance(bound, Display) else (bound,)
    texts = [text.beginning for one in endpoints for text in facts.values.texts(one, settings)]
    masks = facts.values.numbers(umask, settings) if umask is not None else frozenset()
    is_open = setting.access is DefaultAccess.EVERYONE if umask is None else bool(masks) and not max(masks) & _OTHERS
    is_private = all(text.startswith("unix:/run/user/") for text in texts if text.startswith("unix:"))
    if is_open and not is_private:
        message = "These settings let every user of this machine connect to the socket."
        evidence = [(umask.place, "set here")] if umask is not None else [(bound.place, "bound here")]
        yield RULE.finding(bound.place, message, evidence, repair=setting.restricted_by)


def _opened_unless_without_effect(facts: Facts, site: Site, bits: int) -> Iterator[Finding]:
    if not _is_without_effect(facts, site.function, Effect(site, site.call)):
        yield _opened(site, bits)


def _is_without_effect(facts: Facts, function: FunctionInfo, change: Effect) -> bool:
    """Say whether the path gets its mode before bind makes the file, or the socket after it: LS103 tells of that."""
    flow = facts.flow(function)
    for bind in facts.effects.of(function, Act.BIND):
        if bind.anchor is change.anchor:
            continue
        if facts.effects.same_socket(bind, change, "path"):
            return not flow.may_follow(change.anchor, bind.anchor)
        if facts.effects.same_endpoint(bind, change, "path"):
            return not flow.may_follow(bind.anchor, change.anchor)
    return False


def _options(site: Site, bits: int) -> Iterator[Finding]:
    if bits & (_GROUP_OPTION | _OTHER_OPTION):
        yield _open_to(site, everyone=bool(bits & _OTHER_OPTION))


def _opened(site: Site, bits: int) -> Finding:
    """Tell what a mode opens. A group that the program chooses in the same place was meant: that is a note."""
    chosen = next((call for call in site.function.calls() if call.called_name in _CHOOSING_A_GROUP), None)
    if bits & _OTHERS or chosen is None:
        return _open_to(site, everyone=bool(bits & _OTHERS))
    evidence = [(site.place, "opened here"), (chosen.place, "given to a group here")]
    message = "Every member of the group that the socket is given to may connect."
    return RULE.finding(site.place, message, evidence, severity=Severity.NOTE)


def _open_to(site: Site, *, everyone: bool) -> Finding:
    """Tell who may connect by this mode, who could not under the umask that is usual, 022."""
    message = "Every user of this machine may connect to the socket."
    if not everyone:
        message = "The group may connect to the socket, which the usual umask would prevent."
    severity = Severity.HIGH if everyone else Severity.MEDIUM
    return RULE.finding(site.place, message, [(site.place, "opened here")], severity=severity)


def _is_of_socket(facts: Facts, site: Site) -> bool:
    """Say whether the mode is set of a socket: by its descriptor, by its path, or by that of its directory."""
    path = site.argument("path")
    if path is None:
        return False
    if facts.access.is_descriptor_of_socket(path, site.function):
        return True
    texts = facts.values.endpoint(path, site.function)
    mode = facts.access.bits(site.argument("mode"), site.function)
    for bind in facts.calls.sites(Act.BIND):
        if facts.seclusion.has_its_peer(Effect(bind, bind.call)):
            continue
        endpoint = bind.argument("endpoint")
        bound = facts.values.endpoint(endpoint, bind.function) if endpoint is not None else frozenset()
        if _are_same(texts, bound):
            return True
        above = frozenset(_without_slash(parent_of(text)) for text in bound)
        if mode & _OTHERS and not mode & _STICKY and _are_same(texts, above):
            return True
    return False


def _are_same(texts: Texts, bound: Texts) -> bool:
    """Say whether a path is one that is bound. Of a helper for files of any kind, what is unknown tells nothing."""
    common = texts & bound
    return bool(common) and (common == texts or not all(text.is_unknown for text in common))


def _without_slash(text: Text) -> Text:
    if text.parts and isinstance(text.parts[-1], str):
        shortened = text.parts[-1].rstrip("/")
        return Text((*text.parts[:-1], shortened) if shortened else text.parts[:-1], text.place)
    return text


def _through_helpers(facts: Facts, function: FunctionInfo) -> Iterator[Finding]:
    """What only shows where both helpers are called: the path is their parameter."""
    binds = [one for one in facts.effects.of(function, Act.BIND) if not facts.seclusion.has_its_peer(one)]
    for change in facts.effects.of(function, Act.CHMOD) if binds else ():
        bits = facts.access.bits(change.site.argument("mode"), change.site.function)
        if change.site.api.method == "setSocketOptions" or not bits & (_GROUP | _OTHERS):
            continue
        if _is_without_effect(facts, function, change):
            continue
        if any(facts.effects.same_endpoint(bind, change, "path") for bind in binds):
            yield _opened(change.site, bits)


def _wide_umasks(facts: Facts, function: FunctionInfo) -> Iterator[Finding]:
    binds = facts.effects.of(function, Act.BIND) if facts.effects.of(function, Act.UMASK) else []
    for bind in binds:
        if facts.transports.is_network_site(bind.site) or facts.access.is_abstract(bind.site):
            continue
        if facts.seclusion.is_secluded(function, bind):
            continue
        for umask in facts.seclusion.umask_at(function, bind):
            mask = umask.site.argument("mode")
            masks = facts.values.numbers(mask, umask.site.function) if mask is not None else frozenset()
            if masks and not any(number & _OTHERS for number in masks):
                evidence = [(umask.place, "set here"), (bind.place, "for this socket")]
                message = "This umask lets every user of this machine connect to the socket."
                yield RULE.finding(umask.place, message, evidence, severity=Severity.HIGH)


RULE = Rule(
    id="LS101",
    title="socket opened to the group or to everyone",
    severity=Severity.HIGH,
    cwe="CWE-732",
    why=(
        "Whoever may write to a socket's file may connect. World access admits every account on the machine, "
        "including those of daemons and guests; group access admits everyone who ever joins the group."
    ),
    repair="give access to the owner only (0600, UserAccessOption), and pass descriptors to whoever else needs them",
    unless=(
        "the mode gives access to the owner only",
        "the program gives the socket to a group that it chose: reported as a note",
        "the file is not a socket",
        "the socket was connected before it was bound: nobody else can connect or send to it",
    ),
    examples=(
        Example(
            Language.PYTHON,
            bad="server.bind(path)\nos.chmod(path, 0o666)\n",
            good="os.fchmod(server.fileno(), 0o600)\nserver.bind(path)\n",
        ),
        Example(
            Language.CPP,
            bad="server.setSocketOptions(QLocalServer::WorldAccessOption);\n",
            good="server.setSocketOptions(QLocalServer::UserAccessOption);\n",
        ),
    ),
    check=check,
)
