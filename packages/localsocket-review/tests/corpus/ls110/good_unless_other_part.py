import struct

MAXIMUM = 65536


def head_of(data):
    kind, size, number = struct.unpack("!III", data)
    if size > MAXIMUM:
        raise ValueError("too large")
    return kind, number, size


async def message(reader):
    kind, number, size = head_of(await reader.readexactly(12))
    return kind, number, await reader.readexactly(size)
