"""``urllib.request`` as a sandbox has it: secrets are for the server that they are meant for."""

from __future__ import annotations

import urllib.request
from http.client import HTTPMessage
from typing import IO
from urllib.parse import urlsplit

#: As ``Request`` spells them.
SECRETS = ("Authorization", "Cookie", "Proxy-authorization")
DEFAULT_PORTS = {"http": 80, "https": 443}

_redirect_request = urllib.request.HTTPRedirectHandler.redirect_request


def install() -> None:
    """Takes the place of what is there, before libraries import it."""
    urllib.request.HTTPRedirectHandler.redirect_request = redirect_request  # type: ignore[method-assign]
    for name in ("getproxies", "getproxies_environment"):
        setattr(urllib.request, name, no_proxies)


def redirect_request(
    self: urllib.request.HTTPRedirectHandler,
    req: urllib.request.Request,
    fp: IO[bytes],
    code: int,
    msg: str,
    headers: HTTPMessage,
    newurl: str,
) -> urllib.request.Request | None:
    """Follows a redirect, to another origin without secrets."""
    followed = _redirect_request(self, req, fp, code, msg, headers, newurl)
    if followed is not None and _origin(newurl) != _origin(req.full_url):
        for name in SECRETS:
            followed.remove_header(name)
    return followed


def no_proxies() -> dict[str, str]:
    """The host connects, and asks no variable of a task how to."""
    return {}


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or DEFAULT_PORTS.get(parts.scheme)
