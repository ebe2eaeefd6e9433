"""A bad peer costs its own connection and nothing else, whatever it does and whatever it attacks.

`pytest -m battery -s` attacks for longer and prints what each attack cost. Times are printed and not asserted.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from security.attacks import ATTACKS, KIB
from security.battery import HEAD, SERVERS_OF_BYTES, SERVICES, Target, attacks_on

EVERY_SERVER = pytest.mark.parametrize("way", [*SERVICES, *SERVERS_OF_BYTES])

_SHORT = 0.05
_LITTLE = 64 * KIB
_LONG = 3.0


def test_there_are_more_than_twenty_attacks() -> None:
    assert len(ATTACKS) > 20


@pytest.mark.long
@EVERY_SERVER
def test_an_attack_leaves_nothing_in_the_server(way: str, tmp_path: Path) -> None:
    """Short attacks, one after the other on one server."""
    with Target(way, tmp_path) as target:
        outcomes = [target.attack(name, _SHORT, _LITTLE) for name in attacks_on(way)]
    faults = {outcome.attack: outcome.faults for outcome in outcomes if outcome.faults}
    assert not faults


@pytest.mark.battery
@pytest.mark.parametrize("attack", list(ATTACKS))
@EVERY_SERVER
def test_a_long_attack_costs_little_and_leaves_nothing(way: str, attack: str, tmp_path: Path) -> None:
    """Each on a server of its own, so that the numbers are those of one attack."""
    if attack not in attacks_on(way):
        pytest.skip("it means nothing to a server of bytes")
    with Target(way, tmp_path) as target:
        outcome = target.attack(attack, _LONG)
    if attack == next(iter(ATTACKS)):
        print(f"\n\n{way}\n{HEAD}")
    print(outcome)
    assert not outcome.faults
