"""Connections of asyncio over the bridge."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from capsule_engine.event_loop import OperationLoop
from capsule_engine.network.bridge import Connection, Response, check, head_of


class HostTransport(asyncio.Transport):
    """The HTTP connection of one protocol."""

    def __init__(
        self,
        loop: OperationLoop,
        protocol: Any,
        address: tuple[str, int],
        tls: bool,
        extra: Any = None,
    ) -> None:
        super().__init__({"peername": address, "sockname": ("127.0.0.1", 0), **(extra or {})})
        self._loop = loop
        self._protocol = protocol
        self._connection = Connection(address, tls)
        self._response: Response | None = None
        self._operation: asyncio.Future[Any] | None = None
        self._paused: deque[bytes] | None = None
        self._closing = False

    def get_protocol(self) -> Any:
        return self._protocol

    def set_protocol(self, protocol: Any) -> None:
        self._protocol = protocol

    def begin_tls(self) -> None:
        """Sends requests by https from now on."""
        self._connection.tls = True

    def is_closing(self) -> bool:
        return self._closing

    def is_reading(self) -> bool:
        return self._paused is None and not self._closing

    def pause_reading(self) -> None:
        if self._paused is None:
            self._paused = deque()

    def resume_reading(self) -> None:
        waiting, self._paused = self._paused, None
        for data in waiting or ():
            self._give(data)
        if waiting is not None:
            self._go_on()

    def write(self, data: Any) -> None:
        if self._closing:
            return
        self._connection.feed(bytes(data))
        self._go_on()

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(bytes(data) for data in list_of_data))

    def can_write_eof(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return 0, 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def close(self) -> None:
        self._end(None)

    def abort(self) -> None:
        self._end(None)

    def _end(self, error: Exception | None) -> None:
        if self._closing:
            return
        self._closing = True
        if self._operation is not None:
            self._operation.cancel()
        if self._response is not None:
            self._response.discard()
        self._loop.call_soon(self._protocol.connection_lost, error)

    def _go_on(self) -> None:
        """Starts the next operation unless one is in progress."""
        if self._operation is not None or self._closing or self._paused is not None:
            return
        try:
            if self._response is not None and not self._response.ended:
                self._begin(self._response.start_reading(), self._read)
                return
            request = self._connection.take_request()
            if request is not None:
                self._begin(request.start(), lambda json, _: self._answered(json, request))
                return
            interim = self._connection.take_interim()
        except OSError as error:
            self._end(error)
            return
        if interim:
            self._loop.call_soon(self._give, interim)

    def _begin(self, handle: int, then: Any) -> None:
        self._operation = self._loop.operation(handle)

        def ended(future: asyncio.Future[Any]) -> None:
            self._operation = None
            if future.cancelled() or self._closing:
                return
            try:
                then(*future.result())
            except OSError as error:
                self._end(error)
                return
            self._go_on()

        self._operation.add_done_callback(ended)

    def _answered(self, json: str, request: Any) -> None:
        self._response = head_of(json, request)
        self._give(self._response.head)

    def _read(self, json: str, data: bytes) -> None:
        check(json)
        assert self._response is not None
        part = self._response.part(json, data)
        if part:
            self._give(part)

    def _give(self, data: bytes) -> None:
        if self._paused is not None:
            self._paused.append(data)
        elif isinstance(self._protocol, asyncio.BufferedProtocol):
            while data:
                buffer = self._protocol.get_buffer(len(data))
                size = min(len(buffer), len(data))
                buffer[:size] = data[:size]
                self._protocol.buffer_updated(size)
                data = data[size:]
        else:
            self._protocol.data_received(data)
