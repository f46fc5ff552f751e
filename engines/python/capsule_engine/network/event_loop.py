"""The event loop of asyncio in a sandbox: that of operations, with connections."""

from __future__ import annotations

import asyncio
import socket
from asyncio import unix_events
from collections.abc import Callable
from typing import Any

from capsule_engine.event_loop import OperationLoop
from capsule_engine.network import sockets, tls
from capsule_engine.network.transport import HostTransport


class HostLoop(OperationLoop):
    """An event loop that connects through the host."""

    async def getaddrinfo(self, host: Any, port: Any, **options: Any) -> Any:
        return socket.getaddrinfo(host, port, **options)

    async def create_connection(
        self,
        protocol_factory: Callable[[], Any],
        host: Any = None,
        port: Any = None,
        *,
        ssl: Any = None,
        sock: Any = None,
        server_hostname: str | None = None,
        **options: Any,
    ) -> Any:
        """A connection for HTTP. The host connects when the first request is sent."""
        if sock is None:
            sock = sockets.create_connection((host, port))
        protocol = protocol_factory()
        extra: dict[str, Any] = {"socket": sock}
        if ssl:
            extra["ssl_object"] = tls.create_default_context().wrap_bio(
                tls.MemoryBIO(), tls.MemoryBIO(), server_hostname=server_hostname
            )
        transport = HostTransport(self, protocol, sock.getpeername(), bool(ssl), extra)
        protocol.connection_made(transport)
        return transport, protocol

    async def start_tls(
        self, transport: Any, protocol: Any, sslcontext: Any, **options: Any
    ) -> Any:
        """Sends requests of this connection by https from now on."""
        transport.begin_tls()
        transport.set_protocol(protocol)
        return transport

    async def sock_connect(self, sock: Any, address: Any) -> None:
        sock.connect(address)

    async def sock_sendall(self, sock: Any, data: Any) -> None:
        sock.sendall(data)

    async def sock_recv(self, sock: Any, n: int) -> bytes:
        return sock.recv(n)


def install() -> None:
    """Makes HostLoop the event loop of asyncio.run and of everything else."""
    unix_events._UnixDefaultEventLoopPolicy._loop_factory = HostLoop
    for module in (asyncio, unix_events):
        module.SelectorEventLoop = module.EventLoop = HostLoop
