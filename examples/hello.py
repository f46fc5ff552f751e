from capsule import task


@task(compute="LOW")
def main(name: str = "world") -> str:
    return f"Hello, {name}!"
