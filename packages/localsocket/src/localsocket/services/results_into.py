"""Results that are written into memory of whoever calls."""

from __future__ import annotations

import sys
from typing import Any

from localsocket.errors import BadResult
from localsocket.interfaces import Outline
from localsocket.services.schema import ANYTHING, Result


def result_of_call(method: str, into: Any | None) -> Result:
    """Return what reads anything, into memory if there is some. Raises TypeError or ValueError for what is none."""
    return ANYTHING if into is None else ResultInto(method, into)


class ResultInto(Result):
    """A result of which nothing is known but that it is bytes or an array, and where it is to be."""

    def __init__(self, method: str, into: Any) -> None:
        super().__init__(method, Any)
        view = memoryview(into)
        if view.readonly:
            raise ValueError("result_into must be writable memory, such as a bytearray or an array")
        self.into = self._memory = view.cast("B")
        decode = self._decode
        self._decode = lambda body: self._placed(decode(body))

    def _read_apart(self, body: Outline) -> Any:
        return self._placed(super()._read_apart(body))

    def _placed(self, value: Any) -> Any:
        """Return the value as it stands in the memory, to which it is copied unless it came there. Raises BadResult."""
        if isinstance(value, (bytes, bytearray, memoryview)):
            return self._filled_with(memoryview(value))
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(value, numpy.ndarray):
            from localsocket.values.arrays import bytes_of

            if numpy.may_share_memory(value, numpy.frombuffer(self._memory, numpy.uint8)):
                return value  # it came there
            filled = self._filled_with(bytes_of(value))
            return numpy.frombuffer(filled, value.dtype).reshape(value.shape) if value.size else value
        raise self._unfit(f"is a {type(value).__name__}, but result_into takes bytes or an array")

    def _filled_with(self, data: memoryview) -> memoryview:
        if len(data) > len(self._memory):
            raise self._unfit(f"has {len(data)} bytes, but result_into has {len(self._memory)}")
        into = self._memory[: len(data)]
        if data.obj is not into.obj:
            into[:] = data
        return into

    def _unfit(self, reason: str) -> BadResult:
        return BadResult(self.method, "the result", f"it {reason}")
