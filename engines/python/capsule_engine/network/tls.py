"""The module ``ssl`` of a sandbox: the host makes the connections and checks certificates.

Nothing here can change whom the host trusts: such options are accepted and have no effect. Client
certificates are refused.
"""

from __future__ import annotations

import enum
from typing import Any

#: Stands for a TLS handshake in a stream of bytes: what follows is for https.
TLS_BEGINS = b"\x16\x03\x01capsule-tls\n"

OPENSSL_VERSION = "OpenSSL 3.0.0 (TLS of Capsule's host)"
OPENSSL_VERSION_INFO = (3, 0, 0, 0, 0)
OPENSSL_VERSION_NUMBER = 0x30000000
HAS_SNI = HAS_ALPN = HAS_ECDH = HAS_TLSv1_2 = HAS_TLSv1_3 = True
HAS_NEVER_CHECK_COMMON_NAME = True
HAS_SSLv2 = HAS_SSLv3 = HAS_TLSv1 = HAS_TLSv1_1 = HAS_NPN = HAS_PSK = HAS_PHA = False
CHANNEL_BINDING_TYPES: list[str] = []
_DEFAULT_CIPHERS = "DEFAULT"


class VerifyMode(enum.IntEnum):
    CERT_NONE = 0
    CERT_OPTIONAL = 1
    CERT_REQUIRED = 2


class VerifyFlags(enum.IntFlag):
    VERIFY_DEFAULT = 0
    VERIFY_CRL_CHECK_LEAF = 4
    VERIFY_CRL_CHECK_CHAIN = 12
    VERIFY_X509_STRICT = 32
    VERIFY_ALLOW_PROXY_CERTS = 64
    VERIFY_X509_TRUSTED_FIRST = 32768
    VERIFY_X509_PARTIAL_CHAIN = 0x80000


class TLSVersion(enum.IntEnum):
    MINIMUM_SUPPORTED = -2
    SSLv3 = 768
    TLSv1 = 769
    TLSv1_1 = 770
    TLSv1_2 = 771
    TLSv1_3 = 772
    MAXIMUM_SUPPORTED = -1


class Options(enum.IntFlag):
    OP_ALL = 0x80000050
    OP_NO_SSLv2 = 0
    OP_NO_SSLv3 = 0x2000000
    OP_NO_TLSv1 = 0x4000000
    OP_NO_TLSv1_1 = 0x10000000
    OP_NO_TLSv1_2 = 0x8000000
    OP_NO_TLSv1_3 = 0x20000000
    OP_CIPHER_SERVER_PREFERENCE = 0x400000
    OP_SINGLE_DH_USE = 0
    OP_SINGLE_ECDH_USE = 0
    OP_NO_TICKET = 0x4000
    OP_NO_COMPRESSION = 0x20000
    OP_NO_RENEGOTIATION = 0x40000000
    OP_ENABLE_MIDDLEBOX_COMPAT = 0x100000
    OP_IGNORE_UNEXPECTED_EOF = 0x80
    OP_LEGACY_SERVER_CONNECT = 4


class _SSLMethod(enum.IntEnum):
    PROTOCOL_TLS = 2
    PROTOCOL_SSLv23 = 2
    PROTOCOL_TLSv1 = 3
    PROTOCOL_TLSv1_1 = 4
    PROTOCOL_TLSv1_2 = 5
    PROTOCOL_TLS_CLIENT = 16
    PROTOCOL_TLS_SERVER = 17


class Purpose(enum.Enum):
    SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
    CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"


class SSLErrorNumber(enum.IntEnum):
    SSL_ERROR_SSL = 1
    SSL_ERROR_WANT_READ = 2
    SSL_ERROR_WANT_WRITE = 3
    SSL_ERROR_WANT_X509_LOOKUP = 4
    SSL_ERROR_SYSCALL = 5
    SSL_ERROR_ZERO_RETURN = 6
    SSL_ERROR_WANT_CONNECT = 7
    SSL_ERROR_EOF = 8


for _names in (VerifyMode, VerifyFlags, Options, _SSLMethod, SSLErrorNumber):
    globals().update(_names.__members__)


class SSLError(OSError):
    library: str | None = None
    reason: str | None = None

    def __str__(self) -> str:
        return self.strerror if isinstance(self.strerror, str) else super().__str__()


class SSLZeroReturnError(SSLError):
    pass


class SSLWantReadError(SSLError):
    pass


class SSLWantWriteError(SSLError):
    pass


class SSLSyscallError(SSLError):
    pass


class SSLEOFError(SSLError):
    pass


class SSLCertVerificationError(SSLError, ValueError):
    verify_code = 1

    @property
    def verify_message(self) -> str:
        return str(self.args[-1])


CertificateError = SSLCertVerificationError


class MemoryBIO:
    """A buffer of bytes."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self.eof = False

    @property
    def pending(self) -> int:
        return len(self._bytes)

    def read(self, n: int = -1) -> bytes:
        size = len(self._bytes) if n < 0 else n
        data = bytes(self._bytes[:size])
        del self._bytes[:size]
        return data

    def write(self, data: Any) -> int:
        self._bytes += bytes(data)
        return len(data)

    def write_eof(self) -> None:
        self.eof = True


class SSLSession:
    """Sessions are not kept."""


class _Connection:
    """What both kinds of connections report about TLS."""

    def getpeercert(self, binary_form: bool = False) -> Any:
        return b"" if binary_form else {}

    def cipher(self) -> tuple[str, str, int]:
        return ("TLS_AES_256_GCM_SHA384", "TLSv1.3", 256)

    def version(self) -> str:
        return "TLSv1.3"

    def shared_ciphers(self) -> None:
        return None

    def compression(self) -> None:
        return None

    def selected_alpn_protocol(self) -> str | None:
        return "http/1.1"

    def selected_npn_protocol(self) -> None:
        return None

    def get_channel_binding(self, cb_type: str = "tls-unique") -> None:
        return None

    def do_handshake(self, block: bool = False) -> None:
        pass


class SSLObject(_Connection):
    """A connection over two buffers. The handshake is a mark for the bridge."""

    session_reused = False

    def __init__(
        self, context: SSLContext, incoming: MemoryBIO, outgoing: MemoryBIO, server_hostname: Any
    ) -> None:
        self.context = context
        self.server_side = False
        self.server_hostname = server_hostname
        self.session = None
        self._incoming = incoming
        self._outgoing = outgoing
        self._shaken = False

    def do_handshake(self, block: bool = False) -> None:
        if not self._shaken:
            self._shaken = True
            self._outgoing.write(TLS_BEGINS)

    def read(self, len: int = 1024, buffer: Any = None) -> Any:
        if not self._incoming.pending:
            if self._incoming.eof:
                return b""
            raise SSLWantReadError(2, "the operation did not complete (read)")
        data = self._incoming.read(len)
        if buffer is None:
            return data
        buffer[: data.__len__()] = data
        return data.__len__()

    def write(self, data: Any) -> int:
        self.do_handshake()
        return self._outgoing.write(data)

    def pending(self) -> int:
        return self._incoming.pending

    def unwrap(self) -> None:
        pass


class SSLSocket(_Connection):
    """A socket of the host for https."""

    def __init__(self, sock: Any, context: SSLContext, server_hostname: Any) -> None:
        begin = getattr(sock, "begin_tls", None)
        if begin is None:
            raise SSLError(1, "only sockets of the host speak TLS")
        begin()
        self._sock = sock
        self.context = context
        self.server_side = False
        self.server_hostname = server_hostname
        self.session = None
        self.session_reused = False
        # Libraries look behind it.
        self._sslobj = self

    def begin_tls(self) -> None:
        raise SSLError(1, "TLS within TLS is for proxies, which a sandbox does not use")

    def read(self, len: int = 1024, buffer: Any = None) -> Any:
        return self._sock.recv(len) if buffer is None else self._sock.recv_into(buffer, len)

    def write(self, data: Any) -> int:
        return self._sock.send(data)

    def pending(self) -> int:
        return 0

    def unwrap(self) -> Any:
        return self._sock

    def __enter__(self) -> SSLSocket:
        return self

    def __exit__(self, *args: Any) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class SSLContext:
    """Options of connections."""

    sslsocket_class = SSLSocket
    sslobject_class = SSLObject

    def __init__(self, protocol: int = _SSLMethod.PROTOCOL_TLS) -> None:
        client = protocol == _SSLMethod.PROTOCOL_TLS_CLIENT
        self.protocol = protocol
        self.check_hostname = client
        self._verify_mode = VerifyMode.CERT_REQUIRED if client else VerifyMode.CERT_NONE
        self.verify_flags = VerifyFlags.VERIFY_X509_TRUSTED_FIRST
        self.options = Options.OP_ALL
        self.minimum_version = TLSVersion.TLSv1_2
        self.maximum_version = TLSVersion.MAXIMUM_SUPPORTED
        self.keylog_filename = None
        self.post_handshake_auth = False
        self.hostname_checks_common_name = False
        self.sni_callback = None
        self.security_level = 2

    @property
    def verify_mode(self) -> VerifyMode:
        return self._verify_mode

    @verify_mode.setter
    def verify_mode(self, mode: int) -> None:
        mode = VerifyMode(mode)
        if mode == VerifyMode.CERT_NONE and self.check_hostname:
            raise ValueError("Cannot set verify_mode to CERT_NONE when check_hostname is enabled.")
        self._verify_mode = mode

    def wrap_socket(
        self,
        sock: Any,
        server_side: bool = False,
        do_handshake_on_connect: bool = True,
        suppress_ragged_eofs: bool = True,
        server_hostname: Any = None,
        session: Any = None,
    ) -> SSLSocket:
        if server_side:
            raise SSLError(1, "a sandbox serves nothing")
        return SSLSocket(sock, self, server_hostname)

    def wrap_bio(
        self,
        incoming: MemoryBIO,
        outgoing: MemoryBIO,
        server_side: bool = False,
        server_hostname: Any = None,
        session: Any = None,
    ) -> SSLObject:
        if server_side:
            raise SSLError(1, "a sandbox serves nothing")
        return SSLObject(self, incoming, outgoing, server_hostname)

    def load_cert_chain(self, certfile: Any, keyfile: Any = None, password: Any = None) -> None:
        raise SSLError(1, "a sandbox has no certificate of its own: the host makes connections")

    def load_verify_locations(
        self, cafile: Any = None, capath: Any = None, cadata: Any = None
    ) -> None:
        """Has no effect: the host decides which authorities it trusts."""

    def _nothing(self, *args: Any, **options: Any) -> None:
        """Has no effect."""

    load_default_certs = set_default_verify_paths = load_dh_params = set_ecdh_curve = _nothing
    set_ciphers = set_alpn_protocols = set_npn_protocols = set_servername_callback = _nothing

    def get_ca_certs(self, binary_form: bool = False) -> list[Any]:
        return []

    def get_ciphers(self) -> list[dict[str, Any]]:
        return []

    def cert_store_stats(self) -> dict[str, int]:
        return {"x509": 0, "crl": 0, "x509_ca": 0}

    def session_stats(self) -> dict[str, int]:
        return {}


def create_default_context(
    purpose: Purpose = Purpose.SERVER_AUTH,
    *,
    cafile: Any = None,
    capath: Any = None,
    cadata: Any = None,
) -> SSLContext:
    """The default context."""
    return SSLContext(_SSLMethod.PROTOCOL_TLS_CLIENT)


def _create_unverified_context(*args: Any, **options: Any) -> SSLContext:
    context = SSLContext(_SSLMethod.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = VerifyMode.CERT_NONE
    return context


_create_default_https_context = create_default_context
_create_stdlib_context = _create_unverified_context


class DefaultVerifyPaths(tuple):
    cafile = capath = None
    openssl_cafile_env, openssl_cafile = "SSL_CERT_FILE", ""
    openssl_capath_env, openssl_capath = "SSL_CERT_DIR", ""


def get_default_verify_paths() -> DefaultVerifyPaths:
    return DefaultVerifyPaths()


def RAND_bytes(num: int) -> bytes:
    import os

    return os.urandom(num)


def RAND_status() -> bool:
    return True


def RAND_add(data: Any, entropy: float) -> None:
    pass


def cert_time_to_seconds(cert_time: str) -> int:
    import calendar
    import time

    return calendar.timegm(time.strptime(cert_time, "%b %d %H:%M:%S %Y GMT"))


def DER_cert_to_PEM_cert(der_cert_bytes: bytes) -> str:
    import base64
    import textwrap

    text = "\n".join(textwrap.wrap(base64.b64encode(der_cert_bytes).decode(), 64))
    return f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"


def PEM_cert_to_DER_cert(pem_cert_string: str) -> bytes:
    import base64

    lines = pem_cert_string.strip().splitlines()
    return base64.b64decode("".join(lines[1:-1]))


def get_server_certificate(*args: Any, **options: Any) -> str:
    raise SSLError(1, "a sandbox sees no certificates: the host looks at them")
