"""What `hashlib` has only with OpenSSL."""

from __future__ import annotations

import hashlib
from hmac import digest


def pbkdf2_hmac(
    hash_name: str, password: bytes, salt: bytes, iterations: int, dklen: int | None = None
) -> bytes:
    """A key that costs time to derive (PKCS #5)."""
    size = hashlib.new(hash_name).digest_size
    length = size if dklen is None else dklen
    if iterations < 1 or length < 1:
        raise ValueError("iteration value must be greater than 0 and key length, too")
    password, salt = bytes(password), bytes(salt)
    derived = b""
    for number in range(1, -(-length // size) + 1):
        block = digest(password, salt + number.to_bytes(4, "big"), hash_name)
        total = int.from_bytes(block, "big")
        for _ in range(iterations - 1):
            block = digest(password, block, hash_name)
            total ^= int.from_bytes(block, "big")
        derived += total.to_bytes(size, "big")
    return derived[:length]


def install() -> None:
    """Adds it to `hashlib`."""
    if not hasattr(hashlib, "pbkdf2_hmac"):
        hashlib.pbkdf2_hmac = pbkdf2_hmac
