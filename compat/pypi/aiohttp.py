"""Gets and posts over HTTP, asynchronously."""

import aiohttp

from capsule import task


@task(allowed_hosts=["localhost"])
async def main(base: str) -> None:
    async with aiohttp.ClientSession(base) as session:
        async with session.get("/json") as response:
            assert (await response.json())["items"] == [1, 2, 3]
        async with session.post("/echo", json={"a": 1}) as response:
            assert (await response.json())["body"] == '{"a": 1}'
