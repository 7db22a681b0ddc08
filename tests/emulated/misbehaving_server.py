"""A loopback server that answers as a test says: errors, silence, half an answer."""

import datetime as dt
import http.server
import ipaddress
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from functions.shared.aws import AwsClient, Endpoint

Answering = Callable[[http.server.BaseHTTPRequestHandler], None]


class Server:
    """A loopback server that answers with what the test wrote down, in turn; the last one stays."""

    def __init__(self, *answers: Answering, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[str] = []
        self._answers = list(answers)
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                server.requests.append(self.path)
                todo = server._answers
                (todo.pop(0) if len(todo) > 1 else todo[0])(self)

            do_GET = do_POST = answer  # noqa: N815 - names of the standard library

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
                pass

        class Threads(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request: object, client_address: object) -> None:
                """The client closes connections on purpose."""

        self._server = Threads(("127.0.0.1", 0), Handler)
        self._tls = tls
        if tls is not None:
            # Not while it accepts: a client that distrusts the certificate is in no hurry.
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self._server.server_address[1]}"

    @property
    def client(self) -> AwsClient:
        return AwsClient(region="eu-west-1", endpoint=Endpoint.parse(self.url))


def says(
    status: int, body: bytes, *, hang_up: bool = False, length: int | None = None
) -> Answering:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        handler.wfile.write(body)
        handler.wfile.flush()
        handler.close_connection = hang_up or length is not None

    return answer


def hangs(handler: http.server.BaseHTTPRequestHandler) -> None:
    time.sleep(1.5)
    handler.close_connection = True


def certified(bundle: Path) -> ssl.SSLContext:
    """A server's context for 127.0.0.1; its self-signed certificate goes to `bundle`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    bundle.write_bytes(certificate.public_bytes(pem))
    chain = bundle.with_suffix(".chain")
    chain.write_bytes(private + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return context
