import asyncio


async def greet(reader, writer):
    writer.write(b"hello\n")
    await writer.drain()
    writer.close()


async def main() -> None:
    await asyncio.start_unix_server(greet, "/run/user/1000/greeter")  # expect: LS209
    await asyncio.sleep(60)


asyncio.run(main())
