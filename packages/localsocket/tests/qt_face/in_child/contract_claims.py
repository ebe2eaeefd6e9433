"""The contract of services holds for clients in Qt, but for what is said of clients that wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from contracts import ServiceFace, service_contract
from contracts.qt_face import QtThread, ServingForQt

# Which claims do not hold in Qt, and why.
DIFFERENT = {
    "a method that streams is called by stream(), and call() says so": [
        "a_proxy_has_every_method_as_its_own",
        "a_stream_gives_every_item_in_order",
        "a_stream_has_to_begin_in_the_time_for_a_call",
        "a_stream_outlasts_the_time_for_a_call",
    ],
    "an error is told once, and nobody asks again": [
        "a_stream_that_keeps_its_reader_waiting_is_ended",
        "a_subscription_that_has_been_idle_while_its_server_was_away_is_over",
    ],
    "a client in Qt belongs to one thread, and refuses others": ["many_threads_share_one_client"],
    "it connects again by itself, so that nothing may be missed meanwhile": [
        "a_subscription_tells_how_many_messages_it_has_missed"
    ],
    "what a slot raises is Qt's to tell": ["what_is_told_of_a_gap_may_fail_and_no_message_is_lost"],
}


@pytest.fixture(scope="module")
def face() -> Iterator[ServiceFace]:
    with QtThread() as thread:
        yield ServingForQt(thread)


@pytest.mark.parametrize("claim", service_contract)
def test_services(claim: Callable[[ServiceFace], None], face: ServiceFace) -> None:
    reasons = [reason for reason, names in DIFFERENT.items() if claim.__name__ in names]
    if reasons:
        pytest.skip(reasons[0])
    claim(face)


def test_each_difference_is_one_of_a_claim() -> None:
    assert {name for names in DIFFERENT.values() for name in names} <= {claim.__name__ for claim in service_contract}
