"""The network for Python's libraries: sockets for HTTP, by the host."""

from __future__ import annotations

import sys


def prepare() -> None:
    """Replaces the module ``ssl``, which other modules look for when they are imported."""
    from capsule_engine.network import tls

    sys.modules["ssl"] = tls
    tls.__name__ = "ssl"


def install() -> None:
    """Replaces sockets, redirects of urllib and the event loop by those of this package."""
    from capsule_engine.network import event_loop, requests, sockets

    sockets.install()
    requests.install()
    event_loop.install()
