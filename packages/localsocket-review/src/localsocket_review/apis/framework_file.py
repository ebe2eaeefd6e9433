"""A framework's table as a TOML file: the built-in ones and those of users are read alike."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from localsocket_review.apis.meaning import RECEIVER, ROLES, Act, Api, DefaultAccess, Role, Setting
from localsocket_review.apis.tables import Framework
from localsocket_review.model.unit import Language

_ACTS = {name.lower(): act for name, act in Act.__members__.items()}
_PARTS = ("languages", "calls", "bases", "callbacks", "members", "decorators", "in_loop", "settings")
_OF_A_SETTING = ("files", "umask", "access", "restricted_by")
_OF_A_CALL = ("does", "result", "target_takes", "reports", "told_by_name", "takes", "access", "restricted_by")
_OBJECT_ITSELF = "self"  # also of what a constructor makes
# `*` stands for any part of a name: the class that grpc generates is called as the service is.
_NAME = re.compile(r"[\w~*]+(?:\.[\w~*]+)*")
_CHOICE = re.compile(r"\{([^{}]*)\}")


class BadFrameworkFile(ValueError):
    """A file that describes no framework: `path`, the `line` where that is known, the `key` and the `fault`."""

    def __init__(self, path: Path, key: str, fault: str, line: int | None = None) -> None:
        self.path, self.key, self.fault, self.line = path, key, fault, line
        where = f"{path}:{line}" if line is not None else str(path)
        super().__init__(f"{where}: {f'`{key}` ' if key else ''}{fault}")


def read_framework(path: Path) -> Framework:
    """Return what a file tells of a framework. Raises BadFrameworkFile, and OSError where it cannot be read."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8")
        return _FrameworkFile(path, text).framework(tomllib.loads(text))
    except UnicodeDecodeError:
        raise BadFrameworkFile(path, "", "is not UTF-8, which TOML must be") from None
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column \d+\)$", str(error))
        fault = str(error)[: place.start()].rstrip() if place else str(error)
        raise BadFrameworkFile(path, "", f"is not TOML: {fault}", int(place[1]) if place else None) from None


class _FrameworkFile:
    """One file while it is read, which knows where to point when something is wrong."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = text.splitlines()

    def framework(self, parts: Mapping[str, Any]) -> Framework:
        self._known("", parts, _PARTS)
        languages = [self._language(name) for name in self._texts("languages", parts.get("languages"))]
        if not languages:
            raise self._bad("languages", 'is missing; write, for example, languages = ["python"]')
        apis = tuple(self._apis(self._table("calls", parts)))
        return Framework(
            dict.fromkeys(languages, apis),
            {name: self._texts(name, bases) for name, bases in self._each("bases", parts)},
            {name: self._types(name, types) for name, types in self._each("callbacks", parts, are_methods=True)},
            {name: self._text(name, kind) for name, kind in self._each("members", parts, are_methods=True)},
            frozenset(self._texts("decorators", parts.get("decorators", []))),
            frozenset(one for name in self._texts("in_loop", parts.get("in_loop", [])) for one in self._expanded(name)),
            tuple(self._settings(self._table("settings", parts))),
        )

    def _language(self, name: str) -> Language:
        try:
            return Language(name)
        except ValueError:
            hint = "; C is read as c++" if name in ("c", "C") else _did_you_mean(name, list(Language))
            raise self._bad("languages", f"names {name!r}, but there are only python and c++{hint}") from None

    def _apis(self, calls: Mapping[str, Any]) -> Iterator[Api]:
        for pattern, told in calls.items():
            if not isinstance(told, dict):
                raise self._bad(pattern, 'must be a table such as { does = ["bind"], endpoint = 0 }')
            self._known(pattern, told, (*_OF_A_CALL, *sorted(ROLES)))
            api = self._api(pattern, told)
            for name in self._expanded(pattern):
                yield replace(api, name=name, returns=name if api.returns == _OBJECT_ITSELF else api.returns)

    def _settings(self, settings: Mapping[str, Any]) -> Iterator[Setting]:
        for name, told in settings.items():
            if not isinstance(told, dict) or not {"files", "umask"} <= told.keys():
                raise self._bad(name, 'must be a table such as { files = "*server.conf.py", umask = "umask" }')
            self._known(name, told, _OF_A_SETTING)
            yield Setting(
                name,
                files=self._text(name, told["files"]),
                umask=self._text(name, told["umask"]),
                access=self._access(name, told.get("access", DefaultAccess.UMASK)),
                restricted_by=self._text(name, told.get("restricted_by", "")),
            )

    def _api(self, name: str, told: Mapping[str, Any]) -> Api:
        if "target_takes" in told and "target" not in told:
            raise self._bad(name, "has `target_takes` but no `target`, which is called with that")
        takes = told.get("takes")
        if takes is not None and not (type(takes) is int and takes >= 0):
            raise self._bad(name, "`takes` must be the number of arguments")
        result = told.get("result", "")
        return Api(
            name,
            self._act(name, told.get("does")),
            {role: self._role(name, role, told[role]) for role in told if role in ROLES},
            self._text(name, result) if not isinstance(result, list) else self._texts(name, result),
            self._flag(name, told, "reports"),
            self._flag(name, told, "told_by_name"),
            self._types(name, told.get("target_takes", [])),
            takes,
            self._access(name, told.get("access", DefaultAccess.UMASK)),
            self._text(name, told.get("restricted_by", "")),
        )

    def _act(self, name: str, words: object) -> Act:
        if words is None:
            raise self._bad(name, 'does not say what the call does; write, for example, does = ["receive"]')
        act = Act(0)
        for word in self._texts(name, words):
            if word not in _ACTS:
                hint = _did_you_mean(word, _ACTS) or f"; there are {', '.join(_ACTS)}"
                raise self._bad(name, f"does {word!r}, which is not a thing that calls do{hint}")
            act |= _ACTS[word]
        if not act:
            raise self._bad(name, 'does nothing; write, for example, does = ["receive"]')
        return act

    def _role(self, name: str, role: str, told: object) -> Role:
        """Return a position, a keyword, both, a member of the object (`.path`) or the object `self`."""
        match told:
            case str() if told == _OBJECT_ITSELF:
                return RECEIVER
            case str() if told:
                return told
            case bool():
                pass
            case int() if told >= 0:
                return told
            case [int(position), str(keyword)] if type(position) is int and position >= 0 and keyword:
                return position, keyword
        raise self._bad(
            name, f'`{role}` must be a position, a keyword, both as in [0, "path"], ".member" or "self", not {told!r}'
        )

    def _access(self, name: str, told: object) -> DefaultAccess:
        try:
            return DefaultAccess(self._text(name, told))
        except ValueError:
            hint = _did_you_mean(str(told), list(DefaultAccess))
            raise self._bad(name, f"`access` must be one of {', '.join(DefaultAccess)}, not {told!r}{hint}") from None

    # --- shapes ---------------------------------------------------------------------------------------------------

    def _known(self, key: str, told: Mapping[str, Any], known: Collection[str]) -> None:
        for word in told:
            if word not in known:
                hint = _did_you_mean(word, known) or f"; there are {', '.join(known)}"
                raise self._bad(word, f"{f'of `{key}` ' if key else ''}is unknown{hint}")

    def _table(self, key: str, parts: Mapping[str, Any]) -> Mapping[str, Any]:
        table = parts.get(key, {})
        if not isinstance(table, dict):
            raise self._bad(key, f"must be a table, [{key}]")
        for pattern in table:
            for name in self._expanded(pattern):
                if not _NAME.fullmatch(name):
                    raise self._bad(pattern, f'is not a dotted name; in [{key}], quote the whole key: "package.Class"')
        return table

    def _each(self, key: str, parts: Mapping[str, Any], *, are_methods: bool = False) -> Iterator[tuple[str, Any]]:
        """Yield what a table tells of each name, with all choices in braces made."""
        for pattern, told in self._table(key, parts).items():
            for name in self._expanded(pattern):
                if are_methods and "." not in name:
                    raise self._bad(pattern, 'must be given with its class: "package.Class.name"')
                yield name, told

    def _types(self, key: str, told: object) -> tuple[str, ...]:
        """Return the types of parameters; one of which nothing is to be said is the empty text."""
        if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
            raise self._bad(key, f'must be a list of types, such as ["received", ""], not {told!r}')
        return tuple(told)

    def _texts(self, key: str, told: object) -> tuple[str, ...]:
        if told is None:
            return ()
        if not isinstance(told, list) or not all(isinstance(one, str) and one for one in told):
            raise self._bad(key, f"must be a list of strings, not {told!r}")
        return tuple(told)

    def _text(self, key: str, told: object) -> str:
        if not isinstance(told, str):
            raise self._bad(key, f"must be a string, not {told!r}")
        return str(told)

    def _flag(self, name: str, told: Mapping[str, Any], key: str) -> bool:
        value = told.get(key, False)
        if not isinstance(value, bool):
            raise self._bad(name, f"`{key}` must be true or false, not {value!r}")
        return value

    def _expanded(self, pattern: str) -> Iterator[str]:
        """`aiohttp.web.{get,post}` stands for both."""
        pieces = _CHOICE.split(pattern)  # text and choices in turn
        choices = [piece.split(",") if at % 2 else [piece] for at, piece in enumerate(pieces)]
        return ("".join(word.strip() for word in words) for words in product(*choices))

    def _bad(self, key: str, fault: str) -> BadFrameworkFile:
        line = next((at for at, text in enumerate(self._lines, 1) if key and key in text.partition("#")[0]), None)
        return BadFrameworkFile(self._path, key, fault, line)


def _did_you_mean(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, [str(one) for one in known], n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
