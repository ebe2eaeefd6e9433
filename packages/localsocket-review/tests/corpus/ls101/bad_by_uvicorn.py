import uvicorn


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 204, "headers": []})


if __name__ == "__main__":
    uvicorn.run(app, uds="/run/app/app.sock")  # expect: LS101
