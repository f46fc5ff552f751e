"""HTTP requests: ``get``, ``post`` and the like return the server's ``Response``.

>>> from capsule import http
>>> def title(url: str) -> str:
...     response = http.get(url)
...     return response.json()["title"] if response.ok() else response.text

In a sandbox, requests reach the hosts in the task's ``allowed_hosts``. Outside of a sandbox, they
are real requests too, without that list. ``urllib.request``, ``requests`` and ``httpx`` work as
well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from urllib.request import OpenerDirector

__all__ = ["Response", "delete", "get", "head", "patch", "post", "put"]


class Response:
    """The response of a server, with any status."""

    #: For example 200.
    status_code: int
    #: By lower-case name. Repeated headers are joined by a comma.
    headers: dict[str, str]
    #: The body, decoded by the charset of its ``content-type``, else as UTF-8. Invalid bytes
    #: become ``U+FFFD``.
    text: str

    def __init__(self, status: int, headers: list[tuple[str, str]], body: str) -> None:
        self.status_code = status
        self.headers = {}
        for name, value in headers:
            key = name.lower()
            self.headers[key] = f"{self.headers[key]}, {value}" if key in self.headers else value
        self.text = body

    def json(self) -> Any:
        """The body, parsed as JSON.

        Raises:
            ValueError: if it is not JSON.
        """
        return json.loads(self.text)

    def ok(self) -> bool:
        """Whether the status is 200 to 299."""
        return 200 <= self.status_code < 300

    def __repr__(self) -> str:
        return f"<Response [{self.status_code}]>"


def get(url: str, headers: Mapping[str, str] | None = None) -> Response:
    """Requests ``url`` by GET, and follows redirects.

    Raises:
        RuntimeError: if there is no response: the host is not among the task's ``allowed_hosts``,
            cannot be reached, or ``url`` is not a URL of http or https.
    """
    return _request("GET", url, headers)


def head(url: str, headers: Mapping[str, str] | None = None) -> Response:
    """Requests ``url`` by HEAD.

    Raises:
        RuntimeError: as ``get``.
    """
    return _request("HEAD", url, headers)


def delete(url: str, headers: Mapping[str, str] | None = None) -> Response:
    """Requests ``url`` by DELETE.

    Raises:
        RuntimeError: as ``get``.
    """
    return _request("DELETE", url, headers)


def post(
    url: str,
    body: str | bytes | None = None,
    json_data: Any = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Requests ``url`` by POST.

    Args:
        url: A URL of http or https.
        body: The body of the request. Text is encoded as UTF-8.
        json_data: A value to send as JSON instead, with that content type.
        headers: More headers, by their names.

    Raises:
        RuntimeError: as ``get``.
    """
    return _request("POST", url, headers, body, json_data)


def put(
    url: str,
    body: str | bytes | None = None,
    json_data: Any = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Requests ``url`` by PUT, with the arguments of ``post``.

    Raises:
        RuntimeError: as ``get``.
    """
    return _request("PUT", url, headers, body, json_data)


def patch(
    url: str,
    body: str | bytes | None = None,
    json_data: Any = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Requests ``url`` by PATCH, with the arguments of ``post``.

    Raises:
        RuntimeError: as ``get``.
    """
    return _request("PATCH", url, headers, body, json_data)


def _request(
    method: str,
    url: str,
    headers: Mapping[str, str] | None,
    body: str | bytes | None = None,
    json_data: Any = None,
) -> Response:
    # Imported here, so that `import capsule` stays fast.
    from http.client import HTTPException, InvalidURL
    from urllib.error import HTTPError
    from urllib.request import Request

    sent = {**headers} if headers is not None else {}
    if json_data is not None:
        body = json.dumps(json_data)
        sent = {name: value for name, value in sent.items() if name.lower() != "content-type"}
        sent["Content-Type"] = "application/json"
    data = body.encode() if isinstance(body, str) else body
    checked = _checked(method, url)
    try:
        try:
            answer = _opener().open(Request(checked, data, sent, method=method))
        except HTTPError as error:
            # An error status is a response too.
            answer = error
        with answer:
            charset = answer.headers.get_content_charset() or "utf-8"
            return Response(answer.status, answer.headers.items(), _decoded(answer.read(), charset))
    except (ValueError, InvalidURL):
        # Their messages quote headers and URLs.
        wrong = "a header, or the URL of a redirect, is malformed"
        raise RuntimeError(f"{method} {checked.partition('?')[0]} failed: {wrong}") from None
    except (OSError, HTTPException) as error:
        # An error of urllib's stands for the one that it met.
        reason = getattr(error, "reason", None) or error
        raise RuntimeError(f"{method} {checked.partition('?')[0]} failed: {reason}") from error


def _checked(method: str, url: str) -> str:
    """The URL as it is sent. Errors show no query, which may be secret."""
    from urllib.parse import quote, urlsplit, urlunsplit

    try:
        parts = urlsplit(url)
        # Reading the port checks it.
        _ = parts.port
        is_http = parts.scheme in ("http", "https") and parts.netloc != ""
        host = parts.netloc.encode("ascii" if parts.netloc.isascii() else "idna").decode()
        is_http = is_http and quote(host, safe="[]:@%._-") == host
    except ValueError:
        is_http = False
    if not is_http:
        raise RuntimeError(f"{method} failed: the URL is malformed, or not of http or https")
    if "@" in host:
        raise RuntimeError(f"{method} failed: the URL has user information: send a header instead")
    path, query = (quote(part, safe=_SAFE) for part in (parts.path, parts.query))
    return urlunsplit((parts.scheme, host, path, query, ""))


#: What stays as it is in a URL.
_SAFE = "%/:=&?~+!$,;'@()*[]"


def _decoded(data: bytes, charset: str) -> str:
    try:
        return data.decode(charset, "replace")
    except LookupError:
        return data.decode("utf-8", "replace")


def _opener() -> OpenerDirector:
    """Opens http and https only: ``urlopen`` also reads files and follows redirects to ftp."""
    from urllib import request

    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler,
        request.UnknownHandler,
        request.HTTPHandler,
        request.HTTPSHandler,
        request.HTTPDefaultErrorHandler,
        request.HTTPRedirectHandler,
        request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    return opener
