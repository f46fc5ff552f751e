from capsule import task


@task
def modules():
    return {}


@task
def main(name: str, server: str):
    return None
