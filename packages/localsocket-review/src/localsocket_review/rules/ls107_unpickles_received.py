"""LS107: what a peer sent is unpickled, openly or by a call that pickles behind the scenes."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.keys import gives_key, key_of
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Evidence, Finding, Severity
from localsocket_review.model.expressions import Attribute, Call, Expression, Literal, Name, Slice, Subscript, dotted
from localsocket_review.model.program import last_word
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule, steps_of

_STREAMS = ("socket.SocketIO", "asyncio.StreamReader")
_SAFE_LOADERS = frozenset({"SafeLoader", "CSafeLoader", "BaseLoader"})


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.calls.sites(Act.UNPICKLE):
        if site.api.act & Act.RECEIVE:
            yield from _hidden(facts, site)
        elif site.api.act & Act.LISTEN:
            yield from _managers(facts, site)
        elif not _loads_safely(facts, site):
            yield from _open(facts, site)
    for site in facts.calls.sites(Act.RECEIVE):
        yield from _given_as_decoder(facts, site)


def _hidden(facts: Facts, site: Site) -> Iterator[Finding]:
    """`Connection.recv`, `recv_pyobj`."""
    connection = site.call.receiver
    if connection is None or _is_of_own_processes(facts, connection, site):
        return
    if facts.transports.is_network(connection, site.function):
        return
    name = f"{site.api.method}()"
    if _is_authenticated(facts, connection, site):
        message = f"{name} unpickles: whoever has the key can run any code here."
        yield RULE.finding(site.place, message, [(site.place, "unpickled here")], severity=Severity.NOTE)
    else:
        message = f"{name} unpickles what a peer sent: whoever can connect can run any code here."
        yield RULE.finding(site.place, message, [(site.place, "received and unpickled here")])


def _is_of_own_processes(facts: Facts, connection: Expression, site: Site) -> bool:
    """Say whether a connection is an end of a pipe, or one of which nothing tells that it is no pipe's."""
    if not site.api.name.startswith("multiprocessing"):
        return False
    origins = facts.origins.of(connection, site.function)
    makers = {origin.expression.called_name for origin in origins if isinstance(origin.expression, Call)}
    if makers & {"accept", "Client", "answer_challenge"}:
        return False
    if makers & {"Pipe", "wait"}:
        return True
    return not {"Listener", "Client"} & set(site.function.unit.identifiers)


def _is_authenticated(facts: Facts, connection: Expression, site: Site) -> bool:
    """Say whether the connection was made with a key that is not written in the code."""
    makers = []
    for origin in facts.origins.of(connection, site.function):
        call = origin.expression
        if isinstance(call, Call) and call.called_name == "accept" and call.receiver is not None:
            makers.extend(facts.origins.of(call.receiver, origin.function))
        else:
            makers.append(origin)
    sites = [
        made
        for origin in makers
        if isinstance(origin.expression, Call)
        and (made := facts.calls.site(origin.expression, origin.function)) is not None
    ]
    keys = [key_of(made) for made in sites if gives_key(made)]
    return bool(keys) and all(facts.keys.is_secret(key, made.function) for key, made in zip(keys, sites, strict=False))


def _managers(facts: Facts, site: Site) -> Iterator[Finding]:
    """A manager at an address of its own unpickles the requests of whoever has the key."""
    address = site.argument("endpoint")
    if address is None or facts.transports.is_address_of_network(address, site.function):
        return
    serializer = site.call.keywords.get("serializer")
    if isinstance(serializer, Literal) and serializer.value != "pickle":
        return
    key = key_of(site)
    is_secret = facts.keys.is_secret(key, site.function)
    if key is None or (is_secret and _only_connects(facts, site)):
        return
    message = "A manager unpickles the requests of its peers: whoever has the key can run any code here."
    severity = Severity.NOTE if is_secret else None
    yield RULE.finding(site.place, message, [(site.place, "made reachable here")], severity=severity)


def _only_connects(facts: Facts, site: Site) -> bool:
    """Say whether the manager is a client of another one."""
    holder = facts.ownership.holder(site.call, site.function)
    named = (call for call in site.function.calls() if call.called_name == "connect" and call.receiver is not None)
    return holder is not None and any(
        facts.names.variable(call.receiver, site.function) == holder for call in named if call.receiver is not None
    )


def _open(facts: Facts, site: Site) -> Iterator[Finding]:
    data = site.argument("data")
    if data is None:
        return
    evidence: list[Evidence] | None = None
    if facts.inference.is_a(data, site.function, *_STREAMS):
        if not facts.transports.is_network(data, site.function):
            evidence = [Evidence(data.place, "what a peer sends comes from here")]
    else:
        trace = facts.taint.received(data, site.function)
        evidence = steps_of(trace) if trace is not None else None
    if evidence is not None:
        harm = "crash this process" if site.api.name.startswith("marshal.") else "run any code here"
        message = f"{dotted(site.call.function)}() is given what a peer sent: it can {harm}."
        yield RULE.finding(site.place, message, [*evidence, (site.place, "unpickled here")])


def _loads_safely(facts: Facts, site: Site) -> bool:
    """Say whether only what was allowed is made: a loader of plain data, an Unpickler with its own find_class."""
    loader = site.call.keywords.get("Loader", site.call.arguments[1] if len(site.call.arguments) > 1 else None)
    if site.api.name == "yaml.load" and loader is not None and last_word(dotted(loader)) in _SAFE_LOADERS:
        return True
    allow = site.call.keywords.get("allow_pickle")
    if site.api.name == "numpy.load" and 1 not in (facts.values.numbers(allow, site.function) if allow else ()):
        return True
    made = facts.program.class_named(site.call.called_name, site.function.unit)
    return (made is not None and "find_class" in made.methods) or _is_narrowed(facts, site)


def _is_narrowed(facts: Facts, site: Site) -> bool:
    """Say whether the object is told what it may find: `unpickler.find_global = allowed`, which Python 2 has."""
    holders = set(facts.ownership.holders(site.call, site.function))
    return any(
        isinstance(target, Attribute)
        and target.name in ("find_class", "find_global")
        and facts.names.variable(target.value, site.function) in holders
        for target, _ in site.function.assignments("=")
    )


def _given_as_decoder(facts: Facts, site: Site) -> Iterator[Finding]:
    """`recv_serialized(pickle.loads)`."""
    for argument in (*site.call.arguments, *site.call.keywords.values()):
        if not isinstance(argument, (Name, Attribute)) or isinstance(argument, (Subscript, Slice)):
            continue
        api = facts.calls.api_of(Call(argument.place, argument), site.function)
        if api is not None and api.act & Act.UNPICKLE:
            message = f"{dotted(argument)}() is given what a peer sent: it can run any code here."
            yield RULE.finding(site.place, message, [(site.place, "received here"), (argument.place, "unpickled by")])


RULE = Rule(
    id="LS107",
    title="unpickling what a peer sent",
    severity=Severity.HIGH,
    cwe="CWE-502",
    why=(
        "A pickle is a program: unpickling it calls what its author chose. Connection.recv, recv_pyobj and managers "
        "unpickle too, without saying so. Whoever can connect then runs code as this process."
    ),
    repair="send bytes in a format of plain data, such as JSON or MessagePack, and check what arrives",
    unless=(
        "the bytes are received but not unpickled",
        "an Unpickler whose find_class allows a fixed list",
        "the pickles come from the program's own processes, over a Pipe",
    ),
    examples=(
        Example(
            Language.PYTHON,
            bad="request = pickle.loads(connection.recv(65536))\n",
            good="request = json.loads(connection.recv(65536))\n",
        ),
    ),
    check=check,
)
