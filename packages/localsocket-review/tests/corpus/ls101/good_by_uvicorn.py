import uvicorn


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 204, "headers": []})


if __name__ == "__main__":
    uvicorn.run(app, fd=3)
