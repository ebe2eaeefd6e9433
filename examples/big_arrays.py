"""Arrays of numpy as arguments and results. Large ones go by memory that both programs share, without being asked to.

pip install 'localsocket[numpy]'
python examples/big_arrays.py
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

import localsocket

NAME = "demo.arrays"
service = localsocket.Service(NAME)


@dataclass
class Summary:
    shape: tuple[int, ...]
    mean: float
    largest: float


@service.method
def summarize(data: NDArray[np.float64]) -> Summary:
    return Summary(data.shape, float(data.mean()), float(data.max()))


@service.method
def smooth(data: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Return the mean of each `width` neighbours."""
    return np.convolve(data, np.full(width, 1 / width), mode="same")


class Arrays(Protocol):
    def summarize(self, data: NDArray[np.float64]) -> Summary: ...
    def smooth(self, data: NDArray[np.float64], width: int) -> NDArray[np.float64]: ...


def main(length: int = 50_000) -> dict[str, Any]:
    signal = np.sin(np.linspace(0, 100, length)) + np.random.default_rng(1).normal(0, 0.3, length)
    with localsocket.ServerThread(NAME, service), localsocket.Client(NAME) as client:
        arrays = client.typed(Arrays)
        smoothed = arrays.smooth(signal, 101)
        print(f"smoothed: {signal.std():.2f} -> {smoothed.std():.2f}")
        print(arrays.summarize(smoothed.reshape(2, -1)).shape)
        counted = client.stats().to_dict()
    print(f"{counted['bytes_sent_by_memory']:,} bytes sent by memory, {counted['bytes_sent']:,} by socket")
    return counted


if __name__ == "__main__":
    main()
