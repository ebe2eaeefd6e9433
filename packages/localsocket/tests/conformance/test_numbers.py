"""Every function of Qt's test has its counterpart here, under its number and name, with at least its data rows."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

HERE = Path(__file__).parent

FUNCTIONS = [
    "server_basic",
    "server_connections_count",
    "socket_basic",
    "listen",
    "listen_and_connect",
    "listen_and_connect_abstract_namespace",
    "listen_and_connect_abstract_namespace_trailing_zeros",
    "connect_with_open",
    "connect_with_old_open",
    "send_data",
    "read_line",
    "skip",
    "read_buffer_overflow",
    "simple_command_protocol_1",
    "simple_command_protocol_2",
    "full_path",
    "hit_maximum_connections",
    "set_socket_descriptor",
    "threaded_connection",
    "process_connection",
    "long_path",
    "wait_for_disconnect",
    "wait_for_disconnect_by_server",
    "wait_for_ready_read_on_disconnected",
    "delayed_disconnect",
    "remove_server",
    "recycle_server",
    "recycle_client_socket",
    "multi_connect",
    "write_only_socket",
    "write_to_client_and_disconnect",
    "write_to_disconnected",
    "debug",
    "bytes_written_signal",
    "sync_disconnect_notify",
    "async_disconnect_notify",
    "verify_socket_options",
    "verify_listen_with_descriptor",
    "server_bindings_and_properties",
    "socket_bindings",
]

ROWS = {4: 3, 5: 6, 6: 4, 7: 4, 10: 2, 11: 8, 12: 3, 17: 3, 19: 5, 20: 4, 31: 2, 37: 4, 38: 4}
"""How many rows Qt's function has on Linux, where it has more than one."""


@pytest.fixture(scope="module")
def collected() -> list[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "", "-p", "no:cacheprovider", str(HERE)]
    listing = subprocess.run(command, cwd=HERE.parent.parent, capture_output=True, text=True, check=True)
    return re.findall(r"::(test_\d\d_\w+.*)", listing.stdout)


@pytest.mark.long
def test_all_40_functions_are_there(collected: list[str]) -> None:
    assert len(FUNCTIONS) == 40
    missing = [
        start
        for number, function in enumerate(FUNCTIONS, start=1)
        if not any(re.match(rf"{(start := f'test_{number:02}_{function}')}(\[|$)", name) for name in collected)
    ]
    assert not missing


def test_no_other_number_is_used(collected: list[str]) -> None:
    starts = tuple(f"test_{number:02}_{function}" for number, function in enumerate(FUNCTIONS, start=1))
    assert not [name for name in collected if not name.startswith(starts)]


def test_each_has_at_least_the_rows_of_qt(collected: list[str]) -> None:
    rows = Counter(int(name[5:7]) for name in collected)
    assert not {number: rows[number] for number, least in ROWS.items() if rows[number] < least}
