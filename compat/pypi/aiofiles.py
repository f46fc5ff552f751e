"""Writes and reads files of a folder that the task was granted."""

import aiofiles

from capsule import task


@task(allowed_files=["./data"])
async def main() -> None:
    async with aiofiles.open("data/aiofiles.txt", "w") as file:
        await file.write("one\ntwo\n")
    async with aiofiles.open("data/aiofiles.txt") as file:
        assert [line.strip() async for line in file] == ["one", "two"]
