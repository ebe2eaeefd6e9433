import os

from dbus_fast.service import ServiceInterface, method


class Notes(ServiceInterface):
    @method()
    def Remove(self, name: "s"):
        os.remove("/var/lib/notes/" + name)  # expect: LS109
