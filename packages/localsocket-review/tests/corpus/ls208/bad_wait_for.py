import asyncio


async def watch(path: str) -> None:
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        while True:
            line = await asyncio.wait_for(reader.readline(), 60)  # expect: LS208
            print(line.decode(), end="")
    finally:
        writer.close()


asyncio.run(watch("/run/ticker/ticker.sock"))
