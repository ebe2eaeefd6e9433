import asyncio


async def ask(path: str, question: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(question)
    await writer.drain()
    answer = await reader.readline()
    writer.close()
    return answer


async def watch(path: str) -> None:
    while True:
        print(await ask(path, b"status\n"))
        await asyncio.sleep(5)
