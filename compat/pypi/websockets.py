"""Opens a WebSocket.

Fails: a sandbox opens no sockets besides those of HTTP.
"""

from websockets.sync.client import connect

from capsule import task


@task(allowed_hosts=["localhost"])
def main(base: str) -> None:
    with connect(base.replace("http", "ws")):
        pass
