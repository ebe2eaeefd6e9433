"""LS118: shared memory whose name or size a peer chooses, or that is read and written without its lock."""

from __future__ import annotations

from collections.abc import Iterator

from localsocket_review.analysis.facts import Facts
from localsocket_review.analysis.sites import Site
from localsocket_review.apis.meaning import Act
from localsocket_review.findings import Finding, Severity
from localsocket_review.model.declarations import FunctionInfo
from localsocket_review.model.expressions import Call
from localsocket_review.model.unit import Language
from localsocket_review.rules.rule import Example, Rule, steps_of

_LOCKS = frozenset({"QSystemSemaphore", "QSharedMemoryLocker"})


def check(facts: Facts) -> Iterator[Finding]:
    for site in facts.calls.sites(Act.SHARE_MEMORY):
        yield from _chosen_by_peer(facts, site)
    told: set[FunctionInfo] = set()
    for site in facts.calls.sites(Act.TOUCH_SHARED):
        if site.function not in told and not _is_locked(facts, site):
            told.add(site.function)  # once says enough
            message = "Another process may write here at the same moment: nothing locks the shared memory."
            yield RULE.finding(site.place, message, [(site.place, "used without lock()")], cwe="CWE-362")


def _chosen_by_peer(facts: Facts, site: Site) -> Iterator[Finding]:
    name, size = site.argument("memory"), site.argument("size")
    trace = facts.taint.received(name, site.function) if name is not None else None
    if trace is not None:
        message = "A peer chooses which shared memory is opened."
        yield RULE.finding(site.place, message, [*steps_of(trace), (site.place, "opened here")], cwe="CWE-73")
    trace = facts.taint.received_size(size, site.function) if size is not None else None
    if trace is not None:
        message = "A peer chooses the size of the shared memory, and nothing keeps it below a maximum."
        yield RULE.finding(site.place, message, [*steps_of(trace), (site.place, "used as a size here")])


def _is_locked(facts: Facts, site: Site) -> bool:
    if any(_locks_before(facts, call, site.call, site) for call in site.function.calls()):
        return True
    callers = [caller for caller in facts.calls.callers(site.function) if not caller.is_handed_on]
    return bool(callers) and all(
        any(_is_lock(facts, call, caller.caller, site) for call in caller.caller.calls()) for caller in callers
    )


def _locks_before(facts: Facts, call: Call, use: Call, site: Site) -> bool:
    flow = facts.flow(site.function)
    return _is_lock(facts, call, site.function, site) and flow.may_follow(call, use)


def _is_lock(facts: Facts, call: Call, function: FunctionInfo, site: Site) -> bool:
    """Say whether the call takes the memory's own lock, or one made for the same purpose."""
    if call.receiver is None or call.called_name not in ("lock", "acquire"):
        return False
    if facts.inference.is_a(call.receiver, function, *_LOCKS):
        return True
    memory = site.call.receiver
    locked = facts.names.variable(call.receiver, function)
    return memory is not None and locked is not None and locked == facts.names.variable(memory, site.function)


RULE = Rule(
    id="LS118",
    title="shared memory chosen by a peer, or used without its lock",
    severity=Severity.MEDIUM,
    cwe="CWE-789",
    why=(
        "Whoever chooses the name makes the program map other people's memory, and whoever chooses the size makes it "
        "take as much as they like, or read past the end. Without a lock, a reader sees half of what is being written."
    ),
    repair="make the memory yourself and pass its descriptor, take its size from fstat, and hold lock() while using it",
    unless=(
        "the size is compared with a maximum before",
        "lock() is held, or a system semaphore is acquired, before the memory is used",
    ),
    examples=(
        Example(
            Language.CPP,
            bad="memory.attach();\nmemcpy(buffer, memory.constData(), size);\n",
            good="memory.attach();\nmemory.lock();\nmemcpy(buffer, memory.constData(), size);\nmemory.unlock();\n",
        ),
        Example(
            Language.PYTHON,
            bad="name = connection.recv(64).decode()\nmemory = SharedMemory(name)\n",
            good="memory = SharedMemory(create=True, size=65536)\nconnection.sendall(memory.name.encode())\n",
        ),
    ),
    check=check,
)
