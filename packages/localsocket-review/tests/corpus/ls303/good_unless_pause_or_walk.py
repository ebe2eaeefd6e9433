import asyncio
import time


def serve(poller, active, log):
    while active.is_set():
        try:
            log.handle(poller.poll(100))
        except OSError as error:
            log.warning("cannot poll: %s", error)
            time.sleep(0.2)


async def settle(scope):
    while scope:
        if scope.cancelled:
            await asyncio.sleep(0)
        scope = scope.parent
