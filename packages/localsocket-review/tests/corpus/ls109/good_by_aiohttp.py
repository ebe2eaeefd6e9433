import os

from aiohttp import web


async def remove(request):
    os.remove("/var/lib/notes/" + os.path.basename(request.match_info["name"]))
    return web.Response(text="removed")


app = web.Application()
app.router.add_delete("/notes/{name}", remove)
web.run_app(app, path="/run/user/1000/notes.sock")
