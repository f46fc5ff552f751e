"""Hashes and verifies a password by PBKDF2."""

from passlib.hash import pbkdf2_sha256, sha512_crypt

from capsule import task


@task(compute="HIGH")
def main() -> None:
    hashed = pbkdf2_sha256.using(rounds=1000).hash("s3cret")
    assert pbkdf2_sha256.verify("s3cret", hashed) and not pbkdf2_sha256.verify("other", hashed)
    assert sha512_crypt.using(rounds=1000).hash("x").startswith("$6$")
