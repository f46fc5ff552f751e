import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import capsule
from capsule import http


class Handler(BaseHTTPRequestHandler):
    def answer(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        asked = {
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": self.rfile.read(length).decode(),
        }
        status, kind, body = 200, "application/json", json.dumps(asked).encode()
        if self.path == "/missing":
            status, kind, body = 404, "text/plain; charset=latin-1", "grüß".encode("latin-1")
        if self.path == "/strange":
            kind, body = "text/plain; charset=none-such", b"a\xff"
        self.send_response(302 if self.path.startswith("/to/") else status)
        if self.path.startswith("/to/"):
            self.send_header("location", self.path.removeprefix("/to/"))
        self.send_header("content-type", kind)
        self.send_header("X-Twice", "1")
        self.send_header("X-Twice", "2")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_each_function_has_its_method(server):
    for name in ("get", "delete", "post", "put", "patch"):
        response = getattr(http, name)(f"{server}/a", headers={"X-Own": "1"})
        asked = response.json()
        assert (asked["method"], asked["path"]) == (name.upper(), "/a")
        assert asked["headers"]["x-own"] == "1"
        assert response.ok()
        assert response.headers["x-twice"] == "1, 2"
    assert http.head(f"{server}/a").text == ""
    assert capsule.http is http


def test_a_body_is_text_bytes_or_json(server):
    headers = {"content-type": "text/plain", "X-Own": "1"}
    for name in ("post", "put", "patch"):
        send = getattr(http, name)
        assert send(f"{server}/a", "grüß").json()["body"] == "grüß"
        assert send(f"{server}/a", body=b"bytes").json()["body"] == "bytes"
        asked = send(f"{server}/a", json_data={"a": [1]}, headers=headers).json()
        assert json.loads(asked["body"]) == {"a": [1]}
        assert asked["headers"]["content-type"] == "application/json"
    assert headers == {"content-type": "text/plain", "X-Own": "1"}


def test_a_status_is_no_failure_and_the_charset_counts(server):
    response = http.get(f"{server}/missing")
    assert (response.status_code, response.ok(), response.text) == (404, False, "grüß")
    assert repr(response) == "<Response [404]>"
    with pytest.raises(ValueError):
        response.json()
    assert http.get(f"{server}/strange").text == "a\ufffd"


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "data:text/plain,x",
        "/etc/passwd",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "http://a b/?token=abc",
        "http:///x",
        "/nope?token=abc",
        "http://\0/",
        "http://grüß..x/",
        "",
    ],
)
def test_what_is_no_url_of_http_is_refused(url):
    with pytest.raises(RuntimeError, match="URL is malformed, or not of http"):
        http.get(url)


def test_a_redirect_is_followed_to_http_alone(server, tmp_path):
    assert http.get(f"{server}/to//a").json()["path"] == "/a"
    secret = tmp_path / "secret"
    secret.write_text("secret")
    for target in (f"file://{secret}", "ftp://127.0.0.1:1/x", "data:,secret"):
        try:
            answer = http.get(f"{server}/to/{target}").text
        except RuntimeError as error:
            answer = str(error)
        assert "secret" not in answer.replace(str(secret), "").replace(target, "")


def test_an_error_shows_neither_query_nor_password():
    with pytest.raises(RuntimeError) as raised:
        http.get("http://127.0.0.1:1/path?token=abc#part")
    assert str(raised.value).startswith("GET http://127.0.0.1:1/path failed: ")
    for url in ("http://name:word@127.0.0.1:1/", "http://word@127.0.0.1:1/", "http://a:b@c:word@d"):
        with pytest.raises(RuntimeError) as raised:
            http.get(url)
        assert "word" not in str(raised.value)
    with pytest.raises(RuntimeError, match="a header") as raised:
        http.get("http://127.0.0.1:1/", headers={"authorization": "word\n"})
    assert "word" not in str(raised.value)
    assert raised.value.__suppress_context__


def test_what_a_url_may_not_hold_is_encoded(server):
    asked = http.get(f"{server}/grüß dich?q=ä b&c=%20#part").json()
    assert asked["path"] == "/gr%C3%BC%C3%9F%20dich?q=%C3%A4%20b&c=%20"
