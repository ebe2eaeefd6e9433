"""The tables of all frameworks as one: what a review asks, made of the built-in ones and those of the user."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

from localsocket_review.apis.meaning import Act, Api, Setting
from localsocket_review.model.unit import Language

RECEIVED = "received"  # the type of what a peer chose


@dataclass(frozen=True, slots=True)
class Framework:
    """What a review has to know of one framework; a name is dotted, with its class.

    `bases` are the bases of its classes. `callbacks` are methods of a base class that the framework calls, with the
    types of their parameters, `received` for what a peer sent; those `in_loop` run on the thread of its event loop.
    `members` are what objects have, by their types. Functions with one of the `decorators` are called with what a peer
    sent. `settings` are variables of files that a server reads for its settings.
    """

    calls: Mapping[Language, tuple[Api, ...]] = field(default_factory=dict)
    bases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    callbacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    members: Mapping[str, str] = field(default_factory=dict)
    decorators: frozenset[str] = frozenset()
    in_loop: frozenset[str] = frozenset()
    settings: tuple[Setting, ...] = ()


class Tables:
    """The frameworks joined. Of two that describe the same name the later one is right."""

    def __init__(self, frameworks: Iterable[Framework]) -> None:
        self._frameworks = tuple(frameworks)
        self.calls: dict[Language, dict[str, Api]] = {language: {} for language in Language}
        self.bases: dict[str, tuple[str, ...]] = {}
        self.callbacks: dict[str, tuple[str, ...]] = {}
        self.members: dict[str, str] = {}
        for one in self._frameworks:
            for language, apis in one.calls.items():
                self.calls[language].update((api.name, api) for api in apis)
            self.bases.update(one.bases)
            self.callbacks.update(one.callbacks)
            self.members.update(one.members)
        self.decorators = frozenset().union(*(one.decorators for one in self._frameworks))
        self.in_loop = frozenset().union(*(one.in_loop for one in self._frameworks))
        self.settings = tuple(setting for one in self._frameworks for setting in one.settings)

    def with_frameworks(self, more: Iterable[Framework]) -> Tables:
        """Return these tables and more, of which the new ones are right where both describe a name."""
        added = tuple(more)
        return Tables((*self._frameworks, *added)) if added else self

    @cached_property
    def told_by_name(self) -> dict[Language, dict[str, Api]]:
        """The methods whose bare name says what they do, for receivers of an unknown type."""
        found: dict[Language, dict[str, Api]] = {}
        for language, table in self.calls.items():
            methods = found[language] = {}
            for api in table.values():
                if api.is_told_by_name and "." in api.name:
                    methods.setdefault(api.method, api)
        return found

    @cached_property
    def members_received(self) -> frozenset[str]:
        """The bare names of the members that hold what a peer chose."""
        return frozenset(name.rpartition(".")[2] for name, kind in self.members.items() if kind == RECEIVED)

    @cache  # noqa: B019 - asked for few acts, of tables that live as long as the process
    def types_that(self, acts: Act) -> dict[Language, frozenset[str]]:
        """Return the types that have a method which does one of the acts."""
        return {
            language: frozenset(api.name.rpartition(".")[0] for api in table.values() if api.act & acts)
            for language, table in self.calls.items()
        }

    @cached_property
    def _known_calls(self) -> frozenset[str]:
        return frozenset(api.method for table in self.calls.values() for api in table.values())

    def called_back(self, base: str, method: str) -> tuple[str, ...]:
        """Return the types of what a framework gives a method of a class that has this base, if it calls it."""
        known = self.callbacks.get(f"{base}.{method}")
        if known is not None:
            return known
        return next((types for pattern, types in self._callback_patterns if pattern.fullmatch(f"{base}.{method}")), ())

    @cached_property
    def _callback_patterns(self) -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
        """`*Servicer.*`: the names of what a framework generates are made of those of the program."""
        return tuple(
            (re.compile(re.escape(name).replace(r"\*", r"[\w.]*")), types)
            for name, types in self.callbacks.items()
            if "*" in name
        )

    def is_known_call(self, name: str) -> bool:
        """Say whether some framework has a function or method of this bare name."""
        return name in self._known_calls

    def ancestry(self, type_name: str) -> list[str]:
        """Return the type and every base that the tables know, near ones first."""
        found, waiting = [], [type_name]
        while waiting:
            current = waiting.pop(0)
            if current not in found:
                found.append(current)
                waiting.extend(self.bases.get(current, ()))
        return found
