"""``urllib.request`` in a sandbox: redirects to another origin lose secrets."""

from __future__ import annotations

import urllib.request
from http.client import HTTPMessage
from typing import IO
from urllib.parse import urlsplit

#: Spelled as ``Request`` does.
SECRETS = ("Authorization", "Cookie", "Proxy-authorization")
DEFAULT_PORTS = {"http": 80, "https": 443}

_redirect_request = urllib.request.HTTPRedirectHandler.redirect_request


def install() -> None:
    """Replaces the functions before libraries import them."""
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
    """Follows a redirect. A request to another origin loses its secrets."""
    followed = _redirect_request(self, req, fp, code, msg, headers, newurl)
    if followed is not None and _origin(newurl) != _origin(req.full_url):
        for name in SECRETS:
            followed.remove_header(name)
    return followed


def no_proxies() -> dict[str, str]:
    """No proxies: the host makes the connections."""
    return {}


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or DEFAULT_PORTS.get(parts.scheme)
