"""What all that do the same have to keep, written once: a sequence of claims.

Each claim is a function of one subject, sets up what it needs, and raises AssertionError, or what the subject raised,
where the subject does not keep it. With pytest:

    @pytest.mark.parametrize("claim", my_contract)
    def test_my_server(claim):
        claim(MyServer())
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar, overload

Subject = TypeVar("Subject")
Error = TypeVar("Error", bound=BaseException)


class Contract(Sequence[Callable[[Subject], None]]):
    """Claims about one kind of object, in the order in which they were added."""

    def __init__(self) -> None:
        self._claims: list[Callable[[Subject], None]] = []

    def claim(self, function: Callable[[Subject], None]) -> Callable[[Subject], None]:
        """Add a claim; use it as a decorator."""
        self._claims.append(function)
        return function

    def include(self, other: Contract[Subject]) -> None:
        """Add the claims of another contract about the same kind of object."""
        self._claims.extend(other)

    def check(self, subject: Subject) -> None:
        """Check every claim, and raise one ExceptionGroup with all that do not hold."""
        broken: list[Exception] = []
        for claim in self._claims:
            try:
                claim(subject)
            except Exception as error:
                error.add_note(f"claim: {claim.__name__.replace('_', ' ')}")
                broken.append(error)
        if broken:
            raise ExceptionGroup(f"{len(broken)} of {len(self._claims)} claims do not hold", broken)

    def __len__(self) -> int:
        return len(self._claims)

    @overload
    def __getitem__(self, index: int) -> Callable[[Subject], None]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Callable[[Subject], None]]: ...
    def __getitem__(self, index: int | slice) -> Callable[[Subject], None] | Sequence[Callable[[Subject], None]]:
        return self._claims[index]


def raises(kind: type[Error] | tuple[type[Error], ...], call: Callable[[], object]) -> Error:
    """Return the error of this type that the call raises; AssertionError if it raises none."""
    try:
        result = call()
    except kind as error:
        return error
    raise AssertionError(f"it returned {result!r} and should have raised {kind}")
