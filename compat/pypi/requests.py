"""Gets, posts, follows redirects and keeps cookies over HTTP."""

import requests

from capsule import task


@task(allowed_hosts=["localhost"])
def main(base: str) -> None:
    assert requests.get(f"{base}/json", timeout=5).json() == {"items": [1, 2, 3], "name": "ü"}
    sent = requests.post(f"{base}/echo", json={"a": 1}, params={"q": "x y"}, auth=("u", "p")).json()
    assert (sent["method"], sent["body"], sent["query"]) == ("POST", '{"a": 1}', "?q=x+y")
    assert sent["headers"]["authorization"] == "Basic dTpw"
    with requests.Session() as session:
        assert session.get(f"{base}/cookie").text == "none"
        assert session.get(f"{base}/cookie").text == "seen=1"
    moved = requests.get(f"{base}/redirect")
    assert moved.text == "hello" and moved.history[0].status_code == 302
    try:
        requests.get(f"{base}/missing").raise_for_status()
        raise AssertionError("no error")
    except requests.HTTPError as error:
        assert error.response.status_code == 404
