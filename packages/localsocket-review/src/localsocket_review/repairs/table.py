"""Which rules' findings can be repaired, and by what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from localsocket_review.findings import Finding
from localsocket_review.model.place import Place
from localsocket_review.repairs.classes import declares_object, says_override
from localsocket_review.repairs.close_on_exec import closes_on_exec
from localsocket_review.repairs.contexts import names_context
from localsocket_review.repairs.edits import Edit, Repair, collides
from localsocket_review.repairs.last_bytes import keeps_last_byte
from localsocket_review.repairs.modes import gives_owner_alone
from localsocket_review.repairs.python_calls import receives_bytes, sends_all
from localsocket_review.repairs.syntax import Files
from localsocket_review.repairs.unused import removes_unused


@dataclass(frozen=True, slots=True)
class Mechanism:
    """How findings of a rule are repaired. `does` says it in words; one that `lists` has a defect at each evidence.

    What it `uncovers` are lesser defects of the same place, of which nothing was said beside the one that is repaired.
    """

    does: str
    edits: Callable[[Finding, Place, Files], Iterator[Edit]]
    lists: bool = False
    uncovers: tuple[str, ...] = ()
    then: str = ""  # what is left for the user to do


MECHANISMS = {
    "LS101": Mechanism(
        "takes the mode's bits for the group and for others away", gives_owner_alone, uncovers=("LS103",)
    ),
    "LS107": Mechanism(
        "writes `recv_bytes()` for `recv()`",
        receives_bytes,
        then="the other end has to call send_bytes(), and what comes is bytes, to be read as JSON or the like",
    ),
    "LS111": Mechanism("copies one byte less into a zeroed `sun_path`", keeps_last_byte),
    "LS115": Mechanism("adds `SOCK_CLOEXEC`, and writes `accept4()` for `accept()`", closes_on_exec, lists=True),
    "LS204": Mechanism("names `this` as the lambda's context", names_context),
    "LS207": Mechanism("writes `sendall()` for `send()`", sends_all),
    "LS401": Mechanism("writes `Q_OBJECT` into the class", declares_object),
    "LS403": Mechanism("removes imports and includes", removes_unused, lists=True),
    "LS406": Mechanism("writes `override` and `explicit`", says_override, lists=True),
}


def defects_of(finding: Finding) -> tuple[Place, ...]:
    """Return the places that are defects by themselves: one, or of a finding that lists some, each of them."""
    mechanism = MECHANISMS.get(finding.rule)
    listed = tuple(dict.fromkeys(one.place for one in finding.evidence))
    return listed if mechanism is not None and mechanism.lists and listed else (finding.place,)


def repair_of(finding: Finding, files: Files) -> Repair | None:
    """Return what would repair a finding, as far as it can be, or nothing."""
    mechanism = MECHANISMS.get(finding.rule)
    edits: dict[Edit, None] = {}
    repaired = []
    for place in defects_of(finding) if mechanism is not None else ():
        assert mechanism is not None
        wanted = tuple(mechanism.edits(finding, place, files))
        if wanted and not collides(wanted, edits):
            edits |= dict.fromkeys(wanted)
            repaired.append(place)
    return Repair(finding, tuple(edits), tuple(repaired)) if repaired else None
