"""Which claims about services do not hold by which protocol, and why: what docs/protocols.md tells."""

from __future__ import annotations

from collections.abc import Iterator

from contracts import service_contract
from contracts.service_keeping_claims import UnhurriedClient

BY_NAME = "there is no place: what is missing, or too much, is told by its name"
ONE_BY_ONE = "a connection has one call under way"
PER_CALL = "a connection has one call under way: who makes many at once has many connections"
NO_CREDIT = "a client grants nothing: what the kernel and `CallLimits.unsent` hold is sent ahead"
NO_NUMBERS = "messages have no numbers"
NO_LIMIT = "a client does not say how much it takes"
OTHERS = "it is a promise of our clients, and those of HTTP are others"

VARLINK = {
    BY_NAME: ["arguments_that_do_not_fit_are_refused_with_the_path_to_them"],
    "an error of varlink names the method and nothing else": ["a_method_that_is_not_there_is_told_with_similar_ones"],
    "`GetInterfaceDescription` describes, in varlink's words": ["a_service_tells_what_can_be_called"],
    "a call has no place for it": ["what_a_tracer_sends_along_arrives_with_the_call"],
    "a call has no place for it: a client that is late closes the connection": ["the_deadline_travels_with_the_call"],
    "answers come in the order of the calls": ["answers_come_in_any_order"],
    "which methods may be called twice is not told": [
        "a_call_whose_connection_was_lost_is_repeated_where_that_does_no_harm",
        "a_call_that_loses_its_connection_each_time_is_not_repeated_for_ever",
        "a_call_that_was_given_up_is_not_repeated",
    ],
    f"{NO_LIMIT}: a longer reply ends the connection": ["a_message_that_is_too_long_costs_no_more_than_its_call"],
    ONE_BY_ONE: [
        "a_topic_has_a_type",
        "a_subscription_outlasts_the_time_for_a_call",
        "who_takes_no_more_is_sent_no_more",
        "many_threads_publish_at_once",
        "closing_the_client_wakes_who_waits_and_cancels_what_is_served",
        "a_server_that_ends_wakes_who_waits",
        "a_stream_outlasts_the_time_for_a_call",
    ],
    "a topic is a method, and one that is not there is no such method": [
        "a_topic_that_is_not_there_is_told_with_those_that_are",
        "a_subscription_without_a_message_for_too_long_is_ended",
    ],
    "a subscriber is told nothing before the first message": [
        "a_subscriber_gets_what_is_published_from_then_on",
        "who_does_not_read_costs_only_itself",
        "how_long_an_item_is_waited_for_counts_however_often_it_is_asked_for",
        "a_subscription_that_is_not_to_be_taken_up_again_ends_with_the_connection",
    ],
}

HTTP = {
    BY_NAME: ["arguments_that_do_not_fit_are_refused_with_the_path_to_them"],
    f"{NO_LIMIT}; a request that is too long is answered with 413": [
        "a_message_that_is_too_long_costs_no_more_than_its_call"
    ],
    PER_CALL: [
        "many_threads_share_one_client",
        "more_calls_than_the_service_serves_at_once_wait_for_their_turn",
        "a_call_that_is_cancelled_makes_room_for_one_that_waits",
        "closing_the_client_wakes_who_waits_and_cancels_what_is_served",
    ],
    "`Request-Timeout` is for all of a stream": ["a_stream_has_to_begin_in_the_time_for_a_call"],
    OTHERS: [
        "what_cannot_be_sent_is_refused_before_it_is",
        "a_typed_proxy_checks_what_comes_back",
        "a_topic_has_a_type",
        "a_client_whose_server_stays_away_says_that_none_listens",
        "callers_who_wait_for_another_one_to_connect_are_told_the_same",
        "a_server_that_ends_wakes_who_waits",
        "without_being_told_to_a_client_does_not_connect_again",
        "a_client_finds_a_server_that_was_started_again",
        "a_call_whose_connection_was_lost_is_repeated_where_that_does_no_harm",
        "a_call_that_loses_its_connection_each_time_is_not_repeated_for_ever",
        "a_call_that_was_given_up_is_not_repeated",
        "closing_the_client_ends_its_search_for_a_server",
        "a_window_or_a_time_that_is_none_is_refused_where_it_is_given",
        "a_stream_outlasts_the_time_for_a_call",
        "a_stream_that_keeps_its_reader_waiting_is_ended",
        "a_subscription_without_a_message_for_too_long_is_ended",
        "how_long_an_item_is_waited_for_counts_however_often_it_is_asked_for",
    ],
}

BOTH = {
    NO_CREDIT: [
        "a_stream_is_made_no_faster_than_it_is_read",
        "a_slow_subscriber_gets_the_latest",
        "a_slow_subscriber_may_be_disconnected",
        "a_slow_subscriber_may_be_waited_for",
        "an_item_is_made_when_its_reader_has_room_for_it",
        "asking_again_for_an_item_gives_no_room_for_another",
        "a_reader_with_a_window_in_items_gets_them_all",
        "closing_says_nothing_of_items_that_were_asked_for_when_all_had_come",
        "a_window_in_items_is_none_in_which_bytes_do_not_count",
        "a_window_is_that_of_one_reader",
    ],
    NO_NUMBERS: [
        "a_subscription_is_taken_up_again_after_the_connection_broke",
        "a_subscription_tells_how_many_messages_it_has_missed",
        "what_arrived_before_the_connection_broke_comes_first",
        "nothing_is_doubled_and_what_is_missing_is_counted_while_connections_break",
        "what_is_missing_is_unknown_where_the_server_is_another",
        "a_topic_that_is_gone_ends_the_subscription",
        "a_service_that_does_not_number_its_messages_is_subscribed_to_all_the_same",
        "a_subscription_waits_for_its_server_as_long_as_it_is_told",
        "a_subscription_outlasts_the_time_in_which_it_was_taken_up_again",
        "a_subscription_waits_for_its_server_no_longer_than_its_client_does",
        "a_subscription_that_has_been_idle_while_its_server_was_away_is_over",
        "closing_the_client_ends_a_subscription_that_waits_for_its_server",
        "a_subscription_that_was_closed_is_not_taken_up_again",
        "only_a_client_that_reconnects_can_take_a_subscription_up_again",
        "what_is_dropped_for_a_slow_subscriber_is_counted_and_told",
        "what_is_told_of_a_gap_may_fail_and_no_message_is_lost",
    ],
}

CLAIMS = [claim.__name__ for claim in service_contract]

OF_OUR_FRAMES = [
    claim.__name__
    for claim in service_contract
    if UnhurriedClient.__name__ in claim.__code__.co_names or "Caller" in claim.__code__.co_names
]
"""Claims that make frames of our protocol themselves, and so show nothing of any other."""


def _by_claim(reasons: dict[str, list[str]]) -> dict[str, str]:
    told = [(claim, reason) for reason, claims in {**reasons, **BOTH}.items() for claim in claims]
    assert len(dict(told)) == len(told), "a claim is named twice"
    return dict(told)


WHY_NOT = {"varlink": _by_claim(VARLINK), "http": _by_claim(HTTP)}


def claims_by(protocol: str) -> list[str]:
    """Return the claims that hold by a protocol, and show something of it."""
    return [name for name in CLAIMS if name not in WHY_NOT[protocol] and name not in OF_OUR_FRAMES]


def table() -> Iterator[str]:
    """Give the lines of the table in docs/protocols.md: every claim that does not hold by all protocols."""
    yield "| by our own protocol | by varlink | by HTTP |"
    yield "|---|---|---|"
    for name in CLAIMS:
        reasons = [WHY_NOT[protocol].get(name, "yes") for protocol in ("varlink", "http")]
        if reasons != ["yes", "yes"]:
            yield f"| {name.replace('_', ' ')} | {' | '.join(reasons)} |"
