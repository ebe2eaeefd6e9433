"""Whatever threads publish, answer, cancel and take over: what was made before something else is sent before it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace

import pytest

from localsocket import Service
from localsocket.aio import shared_socket
from localsocket.aio.shared_socket import SharedSocket
from localsocket.blocking import runners, service_loop
from localsocket.blocking.served import Served
from localsocket.blocking.service_loop import ServiceLoop
from localsocket.errors import CallCancelled
from localsocket.services import outbox, stream_reply, topic
from localsocket.services.served_call import ServedCall
from localsocket.services.topic import SubscriberQueue, Topic
from localsocket.wire.caller import OpenCall
from schedules.kernel import AsyncioSide
from schedules.scheduler import Check, Schedule, explore
from schedules.served_sessions import ScriptedLoop, session_of
from schedules.stand_ins import Queue, stand_in

SERVICE = Service("ticking")  # once: to read its schema takes longer than many a schedule
TICKS = SERVICE.topic("ticks", int)
OTHERS = SERVICE.topic("others", int)


@SERVICE.method
def work() -> None:
    Ticking.schedule.step("works")


class Ticking:
    """A service with two topics, and the session of one who is subscribed to both."""

    schedule: Schedule

    def __init__(self, schedule: Schedule) -> None:
        Ticking.schedule = schedule
        self.session, self.wire, self.peer = session_of(schedule, SERVICE)
        self.subscriptions = [self._subscribe(topic) for topic in (TICKS, OTHERS)]
        schedule.at_end(self.session.lost)

    def publish(self, count: int) -> None:
        for number in range(count):
            TICKS.publish(number)
            OTHERS.publish(number)

    def check(self, count: int, calls: list[OpenCall]) -> None:
        assert self.wire.written.endswith(self.wire.made)
        self.peer.take(self.wire)
        for subscription in self.subscriptions:
            assert [body[0] for body in self.peer.items(subscription)] == list(range(count))
        assert all(call.is_answered for call in calls)

    def take(self, made: OpenCall) -> ServedCall:
        """Have the call arrive, and return it to be served."""
        self.session.receive(made.frame)
        call = self.session.take_next()
        assert call is not None
        return call

    def _subscribe(self, topic: Topic) -> OpenCall:
        subscription = self.peer.subscribe(topic.name)
        call = self.take(subscription)
        stream_reply.StreamReply(call, call.run(), lambda job: job()).begin()  # type: ignore[arg-type]
        return subscription


@pytest.mark.long
def test_nothing_overtakes_what_is_held_back_while_another_thread_takes_the_loop_over() -> None:
    def scenario(schedule: Schedule) -> Check:
        stand_in(schedule, service_loop, runners, outbox)
        ticking = Ticking(schedule)
        calls = [ticking.peer.call("work") for _ in range(2)]
        together = b"".join(call.frame for call in calls)
        schedule.patch.setattr(service_loop, "EventLoop", lambda: ScriptedLoop(schedule, []))
        serving = ServiceLoop(None, SERVICE, 8)  # type: ignore[arg-type]
        served = Served()
        served.session, served.link = ticking.session, SimpleNamespace(peers_place=None)  # type: ignore[assignment]
        running = serving._runners
        schedule.patch.setattr(running, "_watch", lambda: None)

        def serve() -> None:
            running.become_runner()
            running._drive(lambda: serving.take_in(served, together))

        def watch() -> None:
            schedule.step("looks")
            if running._take_over(running._job):
                running._drive(lambda: serving._turns.give(served))

        schedule.actor("runner", serve)
        schedule.actor("watcher", watch)
        schedule.actor("publisher", lambda: ticking.publish(1))
        return lambda: ticking.check(1, calls)

    explore(scenario)


def test_what_threads_answer_cancel_and_publish_at_once_is_sent_in_the_order_in_which_it_is_made() -> None:
    def scenario(schedule: Schedule) -> Check:
        stand_in(schedule, outbox, stream_reply)
        ticking = Ticking(schedule)
        calls = [ticking.peer.call("work") for _ in range(2)]
        answered, refused = map(ticking.take, calls)
        schedule.actor("answerer", lambda: ticking.session.reply(answered, None))
        schedule.actor("canceller", lambda: ticking.session.refuse(refused, CallCancelled("work")))
        schedule.actor("publisher", lambda: ticking.publish(1))
        return lambda: ticking.check(1, calls)

    explore(scenario)


def test_each_message_of_a_full_queue_is_sent_or_counted_as_dropped() -> None:
    def scenario(schedule: Schedule) -> Check:
        schedule.patch.setattr(topic, "deque", partial(Queue, schedule))
        queue = SubscriberQueue(Topic("few", int, 1, "drop_oldest", ""), is_numbered=False)
        given: list[object] = []
        schedule.actor("publisher", lambda: [queue.put(bytes([number])) for number in range(3)])
        schedule.actor("sender", lambda: given.extend(filter(None, (queue.next_body() for _ in range(2)))))

        def check() -> None:
            assert len(given) + len(queue) + queue.dropped == 3
            assert len(queue) <= 1

        return check

    explore(scenario)


def test_two_threads_that_publish_send_each_message_once_and_in_the_order_of_the_queue() -> None:
    def scenario(schedule: Schedule) -> Check:
        stand_in(schedule, outbox, stream_reply)
        ticking = Ticking(schedule)
        for number in range(2):
            schedule.actor(f"publisher {number}", partial(TICKS.publish, number))

        def check() -> None:
            assert ticking.wire.written.endswith(ticking.wire.made)
            ticking.peer.take(ticking.wire)
            assert sorted(ticking.peer.items(ticking.subscriptions[0])) == [b"\0", b"\1"]

        return check

    explore(scenario)


@pytest.mark.long
def test_what_threads_and_the_loop_gather_at_once_goes_out_whole_and_each_ones_in_its_order() -> None:
    def scenario(schedule: Schedule) -> Check:
        stand_in(schedule, shared_socket)
        schedule.step_within(SharedSocket.send, SharedSocket.send_gathered)
        side = AsyncioSide(schedule, 2**20)
        left = 2

        def send(sender: Callable[[bytes], object], frames: list[bytes]) -> None:
            nonlocal left
            for frame in frames:
                sender(frame)
            left -= 1
            side.is_stopping = not left

        def begin() -> None:
            side.socket.begin(lambda data: None, lambda error: None, lambda: None)
            side.call_soon(send, side.socket.send_now, [b"c"])

        def thread() -> None:
            schedule.wait("waits for the loop to begin", lambda: side.has_begun)
            send(side.socket.send, [b"a", b"b"])

        schedule.actor("loop", partial(side.run, begin))
        schedule.actor("thread", thread)

        def check() -> None:
            taken = bytes(side.kernel.taken)
            assert sorted(taken) == sorted(b"abc")
            assert taken.index(b"a") < taken.index(b"b")

        return check

    explore(scenario)
