"""Encrypts."""

from cryptography.fernet import Fernet

from capsule import task


@task
def main() -> None:
    sealed = Fernet(Fernet.generate_key())
    assert sealed.decrypt(sealed.encrypt(b"secret")) == b"secret"
