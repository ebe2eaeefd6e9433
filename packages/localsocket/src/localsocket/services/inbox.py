"""The calls of one connection that have arrived: which may begin now, and which wait until others are gone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from localsocket.services.limits import CallLimits
from localsocket.services.served_call import ServedCall, deadline_of
from localsocket.wire.answerer import AnsweredCall

# Calls that have begun may together hold so many of the longest messages; of small ones the count is limit enough.
_LONGEST_AT_ONCE = 2
SMALL = 4096

_REFUSED_AT_ONCE = 32  # calls that are not admitted are answered, and are work too


class Inbox:
    """Gives one call after another, as long as there is room for one more.

    What has begun counts until nothing of it is left, whether or not anybody waits for it: calls, also those that were
    cancelled and go on all the same, notifications, streams. One thread at a time puts and takes; what is said of
    `begun`, and finished(), may come from any.

    `admit` makes a call of what arrived, or answers it; `is_refused` tells whether it is one more than the peer may
    make, which is answered and does not wait. `on_ready` is called when what had to wait may be taken.
    """

    def __init__(
        self,
        limits: CallLimits,
        admit: Callable[[AnsweredCall], ServedCall | None],
        is_refused: Callable[[], bool],
        on_ready: Callable[[], object],
    ) -> None:
        self._most = limits.calls
        self._most_bytes = _LONGEST_AT_ONCE * limits.message
        self._admit = admit
        self._is_refused = is_refused
        self._on_ready = on_ready
        self.waiting: deque[AnsweredCall] = deque()  # those that have not begun
        self.has_to_wait = False
        self.begun: set[ServedCall] = set()

    def take_next(self) -> ServedCall | None:
        """Return the next call that is to be served; None when there is none, it has to wait, or it is others' turn.

        Unless it ends at once, it is to be put into `begun`, and finished() said when nothing of it is left.
        """
        waiting, refused = self.waiting, 0
        while waiting and refused < _REFUSED_AT_ONCE:
            answer = waiting[0]
            if answer.is_over and answer.number:  # cancelled before it began
                waiting.popleft()
                continue
            # Nearly always there is room.
            if (len(self.begun) >= self._most or answer.size > SMALL) and not self._may_begin(answer):
                return None
            waiting.popleft()
            if (call := self._admit(answer)) is not None:
                return call
            refused += 1
        return None

    def finished(self, call: ServedCall) -> None:
        """Nothing of this call is left. Any thread may call, and more than once."""
        self.begun.discard(call)
        if self.has_to_wait:
            self.look_again()
        if call._on_finished is not None:
            call._on_finished(call)

    def look_again(self) -> None:
        """There may be room for what had to wait. Any thread may call."""
        if self.has_to_wait:
            self.has_to_wait = False
            self._on_ready()

    # --- what its peer leaves behind ----------------------------------------------------------------------------------

    @property
    def serves_notifications(self) -> bool:
        """Whether notifications have begun, and not ended."""
        return any(call.is_notification for call in list(self.begun))

    def notification_sizes(self) -> list[int]:
        """Return how many bytes each notification took: of those that have begun, then of those that wait."""
        waiting = [answer.size for answer in list(self.waiting) if not answer.number]
        return [call.answer.size for call in list(self.begun) if call.is_notification] + waiting

    def forget_calls(self) -> None:
        """Nobody waits for the answers any more: of what has not begun, notifications alone are kept."""
        for answer in [each for each in self.waiting if each.number]:
            self.waiting.remove(answer)

    def drop_notifications(self, most: int, before: frozenset[ServedCall]) -> tuple[int, frozenset[ServedCall]]:
        """Drop so many notifications, as far as there are: the last that wait, then such as have begun and can be told.

        Return how many, and those that have begun, which are to be told; none of those that were `before`.
        """
        kept, dropped = list[AnsweredCall](), 0
        while self.waiting and dropped < most:
            if (answer := self.waiting.pop()).number:
                kept.append(answer)
            else:
                dropped += 1
        self.waiting.extend(reversed(kept))
        begun = [call for call in list(self.begun) if call.is_notification and call.on_cancel is not None]
        told = frozenset([call for call in begun if call not in before][: most - dropped])
        return dropped + len(told), told

    # --- deadlines ----------------------------------------------------------------------------------------------------

    def next_deadline(self) -> int | None:
        """Return when the first of those that wait is too late, in nanoseconds of the monotonic clock."""
        return min(
            (when for each in self.waiting if each.number and (when := deadline_of(each)) is not None), default=None
        )

    def take_late(self, now: int) -> list[AnsweredCall]:
        """Take out the calls that wait and are too late now."""
        late = [
            each for each in self.waiting if each.number and (when := deadline_of(each)) is not None and when <= now
        ]
        for each in late:
            self.waiting.remove(each)
        return late

    # ------------------------------------------------------------------------------------------------------------------

    def _may_begin(self, answer: AnsweredCall) -> bool:
        if self._has_room_for(answer) or (answer.number and self._is_refused()):
            return True
        # Said first and looked at again: another thread may end the last one in between.
        self.has_to_wait = True
        if self._has_room_for(answer):
            self.has_to_wait = False
            return True
        return False

    def _has_room_for(self, answer: AnsweredCall) -> bool:
        begun = self.begun
        if len(begun) >= self._most:
            return False
        return answer.size <= SMALL or not begun or self._bytes() + answer.size <= self._most_bytes

    def _bytes(self) -> int:
        return sum(call.answer.size for call in list(self.begun))
