"""Addresses of services on other machines, `nats://host/name`, and how their NATS server is to be met."""

from __future__ import annotations

import base64
import importlib
import os
import re
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from localsocket.bridges.bus_messages import PREFIX
from localsocket.errors import InvalidAddress, Unsupported
from localsocket.keywords import similar_names
from localsocket.services.method import check_name
from localsocket.showing import did_you_mean

SCHEME = "nats://"
_OPTIONS = ("ca", "cert", "creds", "key", "nkey", "prefix", "signer", "signing_key", "tls")
_SEED = re.compile(rb"\A\s*(S[A-Z2-7]{20,})\s*\Z")
_CREDENTIALS = re.compile(
    rb"BEGIN NATS USER JWT-+\r?\n([\w.-]+)\r?\n.*BEGIN USER NKEY SEED-+\r?\n(S[A-Z2-7]{20,})\r?\n", re.DOTALL
)
_FILES = ("ca", "cert", "creds", "key", "nkey", "signing_key")


@dataclass(frozen=True, slots=True)
class Login:
    """Says to a NATS server who we are; what is secret is not in its repr."""

    encryption: ssl.SSLContext | None = None
    seed: bytes = field(default=b"", repr=False)
    token: str = field(default="", repr=False)  # signed by the account's operator, and of use only with the seed

    def answer(self, nonce: str) -> dict[str, object]:
        """Return what proves it to a server that has said `nonce`."""
        if not self.seed:
            return {}
        pair = _nkeys().from_seed(bytearray(self.seed))
        try:
            signature = base64.b64encode(pair.sign(nonce.encode())).decode()
            return {"sig": signature, **({"jwt": self.token} if self.token else {"nkey": pair.public_key.decode()})}
        finally:
            pair.wipe()


@dataclass(frozen=True, slots=True)
class NatsAddress:
    """What an address says: `shown` is its text without what is secret; options are those after the question mark."""

    shown: str
    servers: tuple[str, ...]
    service: str
    prefix: str = PREFIX
    options: dict[str, str] = field(default_factory=dict)

    def login(self) -> Login:
        """Return what says who we are. Reads the files that the address names.

        Raises Unsupported where what signs for nkeys is not installed, InvalidAddress for files that hold no TLS keys.
        """
        encryption = self._tls() if _is_encrypted(self.options) else None
        if path := self.options.get("creds"):
            found = self._found("creds", path, _CREDENTIALS)
            return Login(encryption, seed=found[2], token=found[1].decode())
        if path := self.options.get("nkey"):
            return Login(encryption, seed=self._found("nkey", path, _SEED)[1])
        return Login(encryption)

    def _found(self, option: str, path: str, where: re.Pattern[bytes]) -> re.Match[bytes]:
        found = where.search(Path(path).read_bytes())
        try:
            if found is not None:
                _nkeys().from_seed(bytearray(found[found.lastindex or 0])).wipe()
                return found
        except Unsupported:
            raise
        except Exception as error:
            raise InvalidAddress(self.shown, f"the file {path!r} of {option}= contains no nkey seed") from error
        raise InvalidAddress(self.shown, f"the file {path!r} of {option}= contains no nkey seed")

    def _tls(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.options.get("ca"))
            if cert := self.options.get("cert"):
                context.load_cert_chain(cert, self.options.get("key"))
        except ssl.SSLError as error:
            raise InvalidAddress(self.shown, f"its TLS files cannot be used: {error}") from error
        return context

    def signing(self) -> tuple[str, bytes] | None:
        """Return who signs what is sent, and the key, where the address names them."""
        if (path := self.options.get("signing_key")) is None:
            return None
        return self.options.get("signer", ""), Path(path).read_bytes().strip()


def parse_nats_address(address: str, *, service: str = "") -> NatsAddress:
    """Return what `nats://[user:password@]host[:port][,host...]/name[?option=value&...]` says.

    `service` is taken where the address names none. Options: `tls=1`, `ca`, `cert` and `key` (files of TLS), `creds`,
    `nkey` (files of NATS), `signer` and `signing_key` (a file), `prefix` of all subjects. Raises InvalidAddress.
    """
    rest = address.removeprefix(SCHEME)
    hosts, _, rest = rest.partition("/")
    name, _, query = rest.partition("?")
    if not name and "?" in hosts:
        hosts, _, query = hosts.partition("?")
    credentials, _, hosts = hosts.rpartition("@")
    shown = f"{SCHEME}{hosts}/{name}"
    if not hosts or not all(hosts.split(",")):
        raise InvalidAddress(shown, "after 'nats://' comes the host of a NATS server, or several with commas")
    name = unquote(name) or service
    try:
        check_name(name, "service")
    except ValueError as error:
        raise InvalidAddress(shown, f"{error}; it is nats://host/name") from None
    options = dict(parse_qsl(query, keep_blank_values=True))
    for option in options:
        if option not in _OPTIONS:
            hint = did_you_mean(similar_names(option, _OPTIONS)) or f": there are {', '.join(_OPTIONS)}"
            raise InvalidAddress(shown, f"there is no option {option!r}{hint}")
    _check_files(shown, options)
    prefix = options.get("prefix", PREFIX)
    if not prefix or set(prefix) & set(" \t\r\n*>") or not all(prefix.split(".")):
        raise InvalidAddress(shown, f"{prefix!r} cannot begin a subject")
    who = f"{credentials}@" if credentials else ""
    return NatsAddress(
        f"{SCHEME}{hosts}/{name}", tuple(f"{SCHEME}{who}{host}" for host in hosts.split(",")), name, prefix, options
    )


def _check_files(shown: str, options: dict[str, str], names: Iterable[str] = _FILES) -> None:
    for name in names:
        if name in options and not os.access(options[name], os.R_OK):
            raise InvalidAddress(shown, f"the file {options[name]!r} of {name}= cannot be read")


def _nkeys() -> Any:
    try:
        return importlib.import_module("nkeys")
    except ImportError as error:
        needed = "creds= and nkey= need the package nkeys, which is missing: pip install 'localsocket[nats]'"
        raise Unsupported(needed) from error


def _is_encrypted(options: dict[str, str]) -> bool:
    return not options.keys().isdisjoint(("tls", "ca", "cert"))
