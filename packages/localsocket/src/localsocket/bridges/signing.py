"""Messages that say who sent them: signed with a key that the caller and the service share."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping

from localsocket.bridges.bus_messages import SIGNATURE, SIGNER, TIMEOUT, WORD, BusMessage
from localsocket.bridges.nats_address import NatsAddress
from localsocket.endpoint.credentials import PeerCredentials

_SIGNED_HEADERS = (WORD, TIMEOUT, SIGNER)


class SignedBy:
    """An `identity` for serve(): says which of `callers`, a table by name, has signed a request.

    Each name has the key that its programs share with this service (at least 16 bytes), and the uid that it stands for
    here; `allow=` of a method is checked against this uid. A request without a valid signature is refused.
    """

    def __init__(self, callers: Mapping[str, tuple[bytes, int]]) -> None:
        for name, (key, uid) in callers.items():
            if len(key) < 16:
                raise ValueError(
                    f"the key of {name!r} has {len(key)} bytes; it needs at least 16, so that nobody can guess it"
                )
            if type(uid) is not int or uid < 0:
                raise ValueError(f"{uid!r} is not a uid that {name!r} can stand for")
        self._callers = dict(callers)

    def __call__(self, message: BusMessage) -> PeerCredentials | None:
        headers = message.headers or {}
        if (known := self._callers.get(headers.get(SIGNER, ""))) is None:
            return None
        key, uid = known
        if not hmac.compare_digest(_signature(key, message), headers.get(SIGNATURE, "").encode()):
            return None
        return PeerCredentials(0, uid, uid)


def signing_with(address: NatsAddress) -> Callable[[BusMessage], BusMessage] | None:
    """Return what signs requests as the address says, or None."""
    if (signing := address.signing()) is None:
        return None
    signer, key = signing

    def sign(message: BusMessage) -> BusMessage:
        signed = message._replace(headers={**(message.headers or {}), SIGNER: signer})
        assert signed.headers is not None
        signed.headers[SIGNATURE] = _signature(key, signed).decode()
        return signed

    return sign


def _signature(key: bytes, message: BusMessage) -> bytes:
    headers = message.headers or {}
    parts = [message.subject, message.reply, *(headers.get(name, "") for name in _SIGNED_HEADERS)]
    signed = hmac.new(key, digestmod=hashlib.sha256)
    for part in (*(part.encode() for part in parts), message.payload):
        signed.update(len(part).to_bytes(8) + part)
    return signed.hexdigest().encode()
