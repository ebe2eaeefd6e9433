"""Windows: named pipes, by the C functions and by Python's ways to them."""

from __future__ import annotations

from localsocket_review.apis.meaning import Act, Api, api

_NAMES = ("CreateNamedPipe", "CreateNamedPipeA", "CreateNamedPipeW")

APIS: tuple[Api, ...] = (
    *(api(name, Act.MAKE_PIPE, "HANDLE", pipe=0, open_mode=1, pipe_mode=2, security=7, takes=8) for name in _NAMES),
    api("SetSecurityDescriptorDacl", Act.MAKE_PIPE, list=2, takes=4),
)
PYTHON_APIS: tuple[Api, ...] = (
    *(
        api(f"{module}.{name}", Act.MAKE_PIPE, pipe=0, open_mode=1, pipe_mode=2, security=7, is_told_by_name=True)
        for module in ("win32pipe", "_winapi", "ctypes.windll.kernel32")
        for name in _NAMES
    ),
    api("SECURITY_DESCRIPTOR.SetSecurityDescriptorDacl", Act.MAKE_PIPE, list=1, is_told_by_name=True),
)
