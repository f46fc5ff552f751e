"""asyncio over the host's operations: one loop for timers, requests and sub-tasks."""

import asyncio
import socket
from asyncio import base_events, unix_events
from collections.abc import Callable
from typing import Any

from capsule_engine import host
from capsule_engine.network import sockets, tls
from capsule_engine.network.transport import HostTransport


class HostLoop(base_events.BaseEventLoop):
    """An event loop without threads, signals and sockets."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _Selector()
        self._operations: dict[int, asyncio.Future[Any]] = {}

    def operation(self, handle: int) -> "asyncio.Future[Any]":
        """A future of what `host.take` gives of an operation. To cancel it ends the operation."""
        future = self.create_future()
        self._operations[handle] = future
        self._selector.pending += 1
        future.add_done_callback(lambda future: self._forget(handle, future))
        return future

    def _forget(self, handle: int, future: "asyncio.Future[Any]") -> None:
        if self._operations.pop(handle, None) is not None:
            self._selector.pending -= 1
        if future.cancelled():
            host.cancel(handle)

    def _process_events(self, event_list: list[int]) -> None:
        for handle in event_list:
            future = self._operations.pop(handle, None)
            if future is None or future.done():
                continue
            self._selector.pending -= 1
            try:
                future.set_result(host.take(handle))
            except Exception as error:
                future.set_exception(error)

    def _write_to_self(self) -> None:
        """Nobody else is there who could wake this loop."""

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        """Runs the function here and now: a sandbox has no threads."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

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
        """A connection that HTTP is spoken over: the host makes it when it is asked."""
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
        """What goes over a connection from now on is for https."""
        transport.begin_tls()
        transport.set_protocol(protocol)
        return transport

    async def sock_connect(self, sock: Any, address: Any) -> None:
        sock.connect(address)

    async def sock_sendall(self, sock: Any, data: Any) -> None:
        sock.sendall(data)

    async def sock_recv(self, sock: Any, n: int) -> bytes:
        return sock.recv(n)

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """There is none."""


class _Selector:
    """What BaseEventLoop waits on."""

    def __init__(self) -> None:
        self.pending = 0

    def select(self, timeout: float | None) -> list[int]:
        if self.pending == 0 and timeout is not None and timeout <= 0:
            return []
        if self.pending == 0 and timeout is None:
            raise RuntimeError("the event loop waits for something that can never happen")
        return host.poll(timeout)

    def close(self) -> None:
        pass


def install() -> None:
    """Makes asyncio.run and all that makes loops use this one."""
    unix_events._UnixDefaultEventLoopPolicy._loop_factory = HostLoop
    for module in (asyncio, unix_events):
        module.SelectorEventLoop = module.EventLoop = HostLoop
