"""The network, as far as it is HTTP, to the server on loopback."""

import json

from tried import tries


@tries("http", "http.client, cookies, HTTPStatus; no server")
def _(server):
    import http.client
    import http.cookies

    connection = http.client.HTTPConnection(server.removeprefix("http://"), timeout=5)
    connection.request("POST", "/echo?q=1", body=b"body", headers={"X-Own": "1"})
    echo = json.load(connection.getresponse())
    assert (echo["method"], echo["query"], echo["body"]) == ("POST", "?q=1", "body")
    connection.request("GET", "/missing")
    assert connection.getresponse().status == http.HTTPStatus.NOT_FOUND
    assert http.cookies.SimpleCookie("a=1; b=2")["b"].value == "2"


@tries("urllib", "urlopen, HTTPError, cookies, redirects, parse")
def _(server):
    import urllib.error
    import urllib.parse
    import urllib.request
    from http.cookiejar import CookieJar

    with urllib.request.urlopen(f"{server}/json", timeout=5) as response:
        assert json.load(response)["items"] == [1, 2, 3]
        assert response.headers.get_content_type() == "application/json"
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    assert opener.open(f"{server}/cookie").read() == b"none"
    assert opener.open(f"{server}/cookie").read() == b"seen=1"
    assert urllib.request.urlopen(f"{server}/redirect").read() == b"hello"
    try:
        urllib.request.urlopen(f"{server}/missing")
        raise AssertionError("no error")
    except urllib.error.HTTPError as error:
        assert error.code == 404
    assert urllib.parse.parse_qs(urllib.parse.urlencode({"a": "x y"})) == {"a": ["x y"]}
    assert urllib.parse.urljoin("http://a/b/c", "../d") == "http://a/d"


@tries("ssl", "create_default_context: the host does TLS, and looks at certificates")
def _(_server):
    import ssl

    context = ssl.create_default_context()
    assert context.verify_mode == ssl.CERT_REQUIRED and context.check_hostname


@tries("socket", "a connection that speaks HTTP, inet_aton")
def _(server):
    import socket

    host, port = server.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        head = f"GET /text HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        answer = b""
        while part := connection.recv(4096):
            answer += part
    assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"hello")
    assert socket.inet_aton("1.2.3.4") == b"\x01\x02\x03\x04"


@tries("select", "select with a time limit")
def _(_server):
    import select

    assert select.select([], [], [], 0.001) == ([], [], [])


@tries("selectors", "DefaultSelector with nothing to wait for")
def _(_server):
    import selectors

    with selectors.DefaultSelector() as selector:
        assert selector.select(0.001) == []


@tries("xmlrpc", "dumps and loads of calls")
def _(_server):
    import xmlrpc.client

    parameters, method = xmlrpc.client.loads(xmlrpc.client.dumps((1, "x", [True]), "add"))
    assert (parameters, method) == ((1, "x", [True]), "add")


@tries("wsgiref", "an application called by a handler")
def _(_server):
    import io
    from wsgiref.handlers import SimpleHandler
    from wsgiref.util import setup_testing_defaults

    def application(environ, start):
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    environ, output = {}, io.BytesIO()
    setup_testing_defaults(environ)
    SimpleHandler(io.BytesIO(), output, io.StringIO(), environ).run(application)
    assert output.getvalue().endswith(b"hello")


@tries("ftplib", "FTP")
def _(server):
    import ftplib

    ftplib.FTP("localhost", timeout=5)


@tries("imaplib", "IMAP4")
def _(_server):
    import imaplib

    imaplib.IMAP4("localhost", timeout=5)


@tries("poplib", "POP3")
def _(_server):
    import poplib

    poplib.POP3("localhost", timeout=5)


@tries("smtplib", "SMTP")
def _(_server):
    import smtplib

    smtplib.SMTP("localhost", timeout=5)


@tries("socketserver", "TCPServer")
def _(_server):
    import socketserver

    socketserver.TCPServer(("localhost", 0), socketserver.BaseRequestHandler)


@tries("webbrowser", "open")
def _(_server):
    import webbrowser

    assert webbrowser.open("https://example.com"), "there is no browser"
