"""Signs and verifies tokens by a shared secret (HS256)."""

import jwt

from capsule import task


@task
def main() -> None:
    secret = "a secret that is long enough, of 32 bytes"
    token = jwt.encode({"sub": "ada"}, secret, algorithm="HS256")
    assert jwt.decode(token, secret, algorithms=["HS256"]) == {"sub": "ada"}
    assert jwt.get_unverified_header(token)["alg"] == "HS256"
    try:
        jwt.decode(token, "another secret, also of 32 bytes or more", algorithms=["HS256"])
        raise AssertionError("no error")
    except jwt.InvalidSignatureError:
        pass
