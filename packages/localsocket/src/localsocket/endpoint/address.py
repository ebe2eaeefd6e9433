"""The one parser of address text, and where each kind of address is found.

`editor.control` a name in the per-user runtime directory; `/run/x.sock` and `./x.sock` paths; `@name` a Linux
abstract address; `qt:name` where a Qt 6 program that listens on `name` is found; `fd:5` a descriptor that this process
has inherited, which is connected or listens already.
"""

from __future__ import annotations

import enum
import os
import re
import sys
from dataclasses import dataclass

from localsocket.endpoint.runtime_directory import runtime_directory, temporary_directory
from localsocket.errors import AddressTooLong, InvalidAddress, Unsupported

NAME_LENGTH = 64
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", re.ASCII)

# sun_path of unix(7): 108 bytes on Linux, 104 on macOS and the BSDs, one of them for the closing NUL, or for the
# leading one of an abstract address.
ADDRESS_BYTES = (108 if sys.platform == "linux" else 104) - 1
FILE_NAME_BYTES = 255
PATH_BYTES = (4096 if sys.platform == "linux" else 1024) - 1


DESCRIPTOR_PREFIX = "fd:"
_DESCRIPTOR_DIGITS = 9  # a C int holds all of those, and no system has so many


class EndpointKind(enum.Enum):
    NAME = "name"
    PATH = "path"
    ABSTRACT = "abstract"
    QT = "qt"
    DESCRIPTOR = "fd"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A resolved address: `address` is the text as given, `location` the absolute path, or the abstract name.

    Of a descriptor it is the number, in text.
    """

    address: str
    kind: EndpointKind
    location: str

    @property
    def is_abstract(self) -> bool:
        return self.kind is EndpointKind.ABSTRACT

    @property
    def descriptor(self) -> int | None:
        """The number of a descriptor; None for all other addresses."""
        return int(self.location) if self.kind is EndpointKind.DESCRIPTOR else None

    @property
    def directory(self) -> str:
        return os.path.dirname(self.location)

    @property
    def file_name(self) -> str:
        return os.path.basename(self.location)


def parse_address(address: str | os.PathLike[str]) -> Endpoint:
    """Parse an address, a string or a path object, and return its endpoint.

    Reads the environment (for names and `qt:`) and the working directory (for `./`), but touches no file. Raises
    InvalidAddress, AddressTooLong, Unsupported for `@` anywhere but on Linux, and TypeError for anything but strings
    and paths.
    """
    if isinstance(address, os.PathLike):
        address = _path_text(address)
    if not isinstance(address, str):
        raise TypeError(f"an address must be str or a path object, not {type(address).__name__}")
    if not address:
        raise InvalidAddress(address, "it is empty")
    try:
        os.fsencode(address)
    except UnicodeEncodeError as error:
        raise InvalidAddress(address, "it has characters that file names cannot have") from error
    if address.startswith("@"):
        return _abstract(address)
    if "\0" in address:
        raise InvalidAddress(address, "it contains a NUL character")
    if address.startswith("qt:"):
        return _qt(address)
    if address.startswith(DESCRIPTOR_PREFIX):
        return _descriptor(address)
    if address.startswith(("/", "./", "../")):
        return _path(address)
    return _name(address)


def _path_text(path: os.PathLike[str]) -> str:
    text = os.fspath(path)
    if not isinstance(text, str):
        raise TypeError("an address must be str, not bytes")
    # Path("x.sock") says explicitly that it is a path, which the bare text "x.sock" does not.
    return text if text.startswith(("/", "./", "../")) else f"./{text}"


def _name(address: str) -> Endpoint:
    if not _NAME.fullmatch(address):
        raise InvalidAddress(
            address,
            "a name has only letters, digits, '.', '_' and '-', and does not begin with '.'; "
            "a path begins with '/' or './'",
        )
    if len(address) > NAME_LENGTH:
        raise AddressTooLong(address, len(address), NAME_LENGTH, "a name")
    return Endpoint(address, EndpointKind.NAME, os.path.join(runtime_directory(), address))


def _path(address: str) -> Endpoint:
    file_name = os.path.basename(address)
    if file_name in ("", ".", ".."):
        raise InvalidAddress(address, "it names a directory, not a socket file")
    return Endpoint(address, EndpointKind.PATH, _checked(address, os.path.abspath(address)))


def _qt(address: str) -> Endpoint:
    # Qt joins the name to QDir::tempPath(), which is $TMPDIR read at every call, else /tmp, and does not look at what
    # the name contains: we do.
    name = address.removeprefix("qt:")
    if "/" in name or name in ("", ".", ".."):
        raise InvalidAddress(address, "after 'qt:' comes a file name; for an absolute path give the path itself")
    return Endpoint(address, EndpointKind.QT, _checked(address, os.path.join(temporary_directory(), name)))


def _descriptor(address: str) -> Endpoint:
    number = address.removeprefix(DESCRIPTOR_PREFIX)
    if not (number.isascii() and number.isdigit() and len(number) <= _DESCRIPTOR_DIGITS):
        raise InvalidAddress(address, f"after {DESCRIPTOR_PREFIX!r} comes the number of a descriptor")
    return Endpoint(address, EndpointKind.DESCRIPTOR, number)


def _abstract(address: str) -> Endpoint:
    name = address.removeprefix("@")
    if sys.platform != "linux":
        raise Unsupported(f"{address!r}: only Linux has abstract addresses; use a name instead")
    if not name:
        raise InvalidAddress(address, "after '@' comes a name")
    if (length := len(os.fsencode(name))) > ADDRESS_BYTES:
        raise AddressTooLong(address, length, ADDRESS_BYTES, "an abstract name")
    return Endpoint(address, EndpointKind.ABSTRACT, name)


def _checked(address: str, path: str) -> str:
    if (length := len(os.fsencode(os.path.basename(path)))) > FILE_NAME_BYTES:
        raise AddressTooLong(address, length, FILE_NAME_BYTES, "the file name")
    if (length := len(os.fsencode(path))) > PATH_BYTES:
        raise AddressTooLong(address, length, PATH_BYTES, "the path")
    return path
