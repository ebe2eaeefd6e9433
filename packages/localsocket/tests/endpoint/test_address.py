"""Address text means the same place everywhere, and text that means none says why."""

from __future__ import annotations

import os
import sys
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localsocket.endpoint.address import Endpoint, EndpointKind, parse_address
from localsocket.endpoint.runtime_directory import runtime_directory as default_directory
from localsocket.errors import AddressTooLong, InvalidAddress, Unsupported

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has abstract addresses")

# What a person might try, and what would be dangerous: separators, dots, the other kinds' beginnings, odd characters.
texts = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="ab./@:~\\\0\n -", max_size=80),
    st.lists(st.sampled_from(["..", ".", "a", "/", "qt:", "@", "\0", "~", "%2e%2e"]), max_size=8).map("".join),
)


# --- what is understood -------------------------------------------------------------------------------------------


def test_a_name_is_found_in_the_runtime_directory(runtime_directory: Path) -> None:
    location = str(runtime_directory / "localsocket" / "editor.control")
    assert parse_address("editor.control") == Endpoint("editor.control", EndpointKind.NAME, location)


@pytest.mark.parametrize("name", ["a", "9", "_x", "-rf", "A.b-c_d", "con", "x" * 64, "a..b", "x."])
def test_a_name_has_letters_digits_dots_dashes_and_underscores(name: str) -> None:
    assert parse_address(name).file_name == name


def test_an_absolute_path_is_taken_as_it_is() -> None:
    assert parse_address("/run/x.sock") == Endpoint("/run/x.sock", EndpointKind.PATH, "/run/x.sock")


def test_a_relative_path_keeps_its_place_when_the_working_directory_changes(
    runtime_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(runtime_directory)
    endpoint = parse_address("./x.sock")
    assert parse_address("../y.sock").location == str(runtime_directory.parent / "y.sock")
    monkeypatch.chdir("/")
    assert endpoint.location == str(runtime_directory / "x.sock")
    assert (endpoint.directory, endpoint.file_name) == (str(runtime_directory), "x.sock")


@pytest.mark.parametrize("text", ["x.sock", "@x", "qt:x", "~x", ".hidden"])
def test_a_path_object_is_always_a_path(text: str) -> None:
    endpoint = parse_address(PurePosixPath(text))
    assert endpoint.kind is EndpointKind.PATH
    assert endpoint.location == os.path.join(os.getcwd(), text)
    assert parse_address(endpoint.address) == endpoint


def test_an_absolute_path_object_is_the_same_as_its_text() -> None:
    assert parse_address(Path("/run/x.sock")) == parse_address("/run/x.sock")


@linux_only
def test_an_abstract_name_is_everything_after_the_at_sign() -> None:
    endpoint = parse_address("@a/../b\0c d")
    assert endpoint == Endpoint("@a/../b\0c d", EndpointKind.ABSTRACT, "a/../b\0c d")
    assert endpoint.is_abstract
    assert not parse_address("./@a").is_abstract


def test_a_qt_name_is_found_where_qt_puts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/var/tmp/./x")
    assert parse_address("qt:my server") == Endpoint("qt:my server", EndpointKind.QT, "/var/tmp/x/my server")
    monkeypatch.setenv("TMPDIR", "")
    assert parse_address("qt:x").directory == "/tmp"


def test_file_names_may_have_every_character_but_separators(tmp_path: Path) -> None:
    name = "späte Grüße \udcff\n\x1b"
    assert parse_address(f"{tmp_path}/{name}").file_name == name


# --- what is refused ----------------------------------------------------------------------------------------------

NAME_RULE = "a name has only letters, digits, '.', '_' and '-', and does not begin with '.'"
NO_PATH = "it names a directory, not a socket file"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        (".", NAME_RULE),
        ("..", NAME_RULE),
        (".hidden", NAME_RULE),
        ("a/b", NAME_RULE),
        ("a/../../etc/x", NAME_RULE),
        ("tmp/" + "long" * 30 + "/x.sock", "a path begins with '/' or './'"),
        ("a b", NAME_RULE),
        ("a\n", NAME_RULE),
        ("naïve", NAME_RULE),
        ("~user", NAME_RULE),
        ("a\\b", NAME_RULE),
        ("a\0b", "it contains a NUL character"),
        ("/run/a\0b", "it contains a NUL character"),
        ("qt:a\0b", "it contains a NUL character"),
        ("/", NO_PATH),
        ("./", NO_PATH),
        ("/run/", NO_PATH),
        ("/run/..", NO_PATH),
        ("./.", NO_PATH),
        ("@", "after '@' comes a name"),
        ("qt:", "after 'qt:' comes a file name"),
        ("qt:..", "after 'qt:' comes a file name"),
        ("qt:../tmp/x", "for an absolute path give the path itself"),
        ("qt:/tmp/x", "for an absolute path give the path itself"),
        ("/run/\ud800", "it has characters that file names cannot have"),
        ("@\ud800", "it has characters that file names cannot have"),
    ],
)
def test_text_that_names_no_endpoint_says_why(text: str, reason: str) -> None:
    with pytest.raises(InvalidAddress) as caught:
        parse_address(text)
    assert caught.value.address == text
    assert reason in str(caught.value)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("value", [None, b"/run/x", 7, ["x"]])
def test_what_is_not_text_is_a_type_error(value: object) -> None:
    with pytest.raises(TypeError, match=f"must be str or a path object, not {type(value).__name__}"):
        parse_address(value)  # type: ignore[arg-type]


def test_a_path_object_of_bytes_is_a_type_error() -> None:
    class BytesPath(os.PathLike[bytes]):
        def __fspath__(self) -> bytes:
            return b"/run/x"

    with pytest.raises(TypeError, match="must be str, not bytes"):
        parse_address(BytesPath())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "part", "length", "limit"),
    [
        ("x" * 65, "a name", 65, 64),
        ("@" + "x" * 108, "an abstract name", 108, 107),
        ("@" + "é" * 54, "an abstract name", 108, 107),
        ("./" + "x" * 256, "the file name", 256, 255),
        ("/run/" + "é" * 128, "the file name", 256, 255),
        ("qt:" + "x" * 256, "the file name", 256, 255),
        ("/a" * 2047 + "/b", "the path", 4096, 4095),
    ],
)
@linux_only
def test_an_over_long_address_names_the_limit_and_its_length(text: str, part: str, length: int, limit: int) -> None:
    with pytest.raises(AddressTooLong) as caught:
        parse_address(text)
    assert (caught.value.length, caught.value.limit) == (length, limit)
    assert f"{part} has {length} bytes and the limit is {limit}" in str(caught.value)


@linux_only
@pytest.mark.parametrize("text", ["@" + "x" * 107, "./" + "x" * 255, "/run/" + "é" * 127, "/a" * 2046 + "/bb"])
def test_the_longest_address_is_allowed(text: str) -> None:
    assert parse_address(text).address == text


def test_other_systems_have_no_abstract_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(Unsupported, match="only Linux has abstract addresses; use a name instead"):
        parse_address("@x")


# --- whatever is typed --------------------------------------------------------------------------------------------


@pytest.mark.long
@given(texts)
def test_a_name_never_leaves_its_directory(text: str) -> None:
    try:
        endpoint = parse_address(text)
    except InvalidAddress:
        return
    match endpoint.kind:
        case EndpointKind.NAME:
            assert os.path.normpath(endpoint.location) == os.path.join(default_directory(), text)
        case EndpointKind.QT:
            assert os.path.dirname(os.path.normpath(endpoint.location)) == os.environ["TMPDIR"]
        case EndpointKind.PATH:
            assert text.startswith(("/", "./", "../"))
            assert os.path.isabs(endpoint.location)
            assert "\0" not in endpoint.location
        case EndpointKind.ABSTRACT:
            assert text.startswith("@")
    assert endpoint.address == text


@pytest.mark.long
@given(texts)
def test_what_is_parsed_is_parsed_the_same_again(text: str) -> None:
    try:
        endpoint = parse_address(text)
    except InvalidAddress:
        return
    assert parse_address(endpoint.address) == endpoint
    if not endpoint.is_abstract:
        assert parse_address(endpoint.location).location == endpoint.location
