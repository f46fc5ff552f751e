"""Gets, posts and streams over HTTP, synchronous and asynchronous."""

import asyncio

import httpx

from capsule import task


async def several(base: str) -> list[str]:
    async with httpx.AsyncClient(base_url=base) as client:
        answers = await asyncio.gather(*(client.get(path) for path in ("/text", "/page")))
    return [answer.text[:5] for answer in answers]


@task(allowed_hosts=["localhost"])
def main(base: str) -> None:
    with httpx.Client(base_url=base, headers={"x-own": "1"}) as client:
        assert client.get("/json").json()["items"] == [1, 2, 3]
        sent = client.post("/echo", files={"f": ("a.txt", b"data")}).json()
        assert sent["headers"]["x-own"] == "1" and "a.txt" in sent["body"]
        with client.stream("GET", "/text") as response:
            assert b"".join(response.iter_bytes()) == b"hello"
        assert client.get("/missing").status_code == 404
    assert asyncio.run(several(base)) == ["hello", "<h1>H"]
