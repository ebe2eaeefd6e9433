import time

from dbus_next.service import ServiceInterface, method


class Slow(ServiceInterface):
    @method()
    def Wait(self) -> "s":
        time.sleep(10)  # expect: LS206
        return "waited"
