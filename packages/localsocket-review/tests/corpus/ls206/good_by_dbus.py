import asyncio

from dbus_next.service import ServiceInterface, method


class Slow(ServiceInterface):
    @method()
    async def Wait(self) -> "s":
        await asyncio.sleep(10)
        return "waited"
