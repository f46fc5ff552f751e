"""Gets and posts over HTTP by a pool, with retries."""

import urllib3

from capsule import task


@task(allowed_hosts=["localhost"])
def main(base: str) -> None:
    pool = urllib3.PoolManager()
    assert pool.request("GET", f"{base}/json").json()["name"] == "ü"
    sent = pool.request("POST", f"{base}/echo", fields={"a": "1"}).json()
    assert 'name="a"' in sent["body"]
    again = urllib3.Retry(total=1, status_forcelist=[503], backoff_factor=0)
    assert pool.request("GET", f"{base}/flaky?urllib3", retries=again).data == b"well again"
