"""What an operator of NATS hands out: certificates, nkeys, and credentials files, made anew for each run."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

nkeys: Any = pytest.importorskip("nkeys", reason="needs the package nkeys: install the extra `nats`")


def self_signed(directory: Path, name: str) -> tuple[Path, Path]:
    """Return a certificate for the loopback address, and its key."""
    openssl = shutil.which("openssl") or pytest.skip("needs the program openssl")
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    made = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    about = ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([openssl, "req", *made, *about, *files], check=True, capture_output=True)
    return certificate, key


class Nkey:
    """A pair of keys of one kind: "user", "account" or "operator"."""

    def __init__(self, kind: str) -> None:
        self.seed: bytes = nkeys.encode_seed(os.urandom(32), getattr(nkeys, f"PREFIX_BYTE_{kind.upper()}"))
        pair: Any = nkeys.from_seed(bytearray(self.seed))
        self.public: str = pair.public_key.decode()
        self._pair = pair

    def sign(self, kind: str, subject: str, told: dict[str, Any]) -> str:
        """Return what this one says of `subject`, as a token that NATS reads."""
        claims = {
            "iss": self.public,
            "iat": 1,
            "sub": subject,
            "name": kind,
            "nats": {**told, "type": kind, "version": 2},
        }
        claims["jti"] = base64.b32encode(hashlib.sha256(json.dumps(claims).encode()).digest()).decode().rstrip("=")
        head = {"typ": "JWT", "alg": "ed25519-nkey"}
        said = ".".join(_encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (head, claims))
        return f"{said}.{_encoded(self._pair.sign(said.encode()))}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Operator:
    """Trusted by a server with `configuration`; gives credentials for its one account."""

    def __init__(self) -> None:
        operator, self._account = Nkey("operator"), Nkey("account")
        no_limits = dict.fromkeys(("subs", "data", "payload", "imports", "exports", "conn", "leaf"), -1)
        account = operator.sign("account", self._account.public, {"limits": {**no_limits, "wildcards": True}})
        self.configuration = (
            f"operator: {operator.sign('operator', operator.public, {})}\n"
            f"resolver: MEMORY\nresolver_preload: {{ {self._account.public}: {account} }}\n"
        )

    def credentials(self) -> str:
        user = Nkey("user")
        limits = {"subs": -1, "data": -1, "payload": -1}
        token = self._account.sign("user", user.public, limits)
        return (
            f"-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n"
            f"-----BEGIN USER NKEY SEED-----\n{user.seed.decode()}\n------END USER NKEY SEED------\n"
        )
