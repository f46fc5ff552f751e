"""Runs tasks in a group, with a time limit and a stream between them."""

import anyio

from capsule import task


@task
async def main() -> None:
    sender, receiver = anyio.create_memory_object_stream[int](1)

    async def produce() -> None:
        async with sender:
            for n in range(3):
                await sender.send(n)

    async with anyio.create_task_group() as group:
        group.start_soon(produce)
        assert [n async for n in receiver] == [0, 1, 2]
    with anyio.move_on_after(0.01) as scope:
        await anyio.sleep(10)
    assert scope.cancelled_caught
