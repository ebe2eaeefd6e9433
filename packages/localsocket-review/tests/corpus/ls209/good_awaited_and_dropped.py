import asyncio


async def greet(reader, writer):
    writer.write(b"hello\n")
    await writer.drain()
    writer.close()


async def main() -> None:
    async with await asyncio.start_unix_server(greet, "/run/user/1000/greeter"):
        await asyncio.sleep(60)


asyncio.run(main())
