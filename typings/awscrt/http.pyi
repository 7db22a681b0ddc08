from concurrent.futures import Future
from typing import Any, BinaryIO, Protocol

from awscrt.io import SocketOptions, TlsConnectionOptions

class _OnBody(Protocol):
    # Called with `chunk` and other arguments, all by keyword.
    def __call__(self, chunk: bytes, **_: Any) -> None: ...

class HttpHeaders:
    def __init__(self, name_value_pairs: list[tuple[str, str]] | None = None) -> None: ...

class HttpRequest:
    def __init__(
        self,
        method: str = "GET",
        path: str = "/",
        headers: HttpHeaders | None = None,
        body_stream: BinaryIO | None = None,
    ) -> None: ...

class HttpClientStream:
    @property
    def completion_future(self) -> Future[int]: ...  # ends with the status code
    def activate(self) -> None: ...

class HttpClientConnection:
    @classmethod
    def new(
        cls,
        host_name: str,
        port: int,
        *,
        socket_options: SocketOptions | None = None,
        tls_connection_options: TlsConnectionOptions | None = None,
    ) -> Future[HttpClientConnection]: ...
    def request(
        self, request: HttpRequest, *, on_body: _OnBody | None = None
    ) -> HttpClientStream: ...
    def is_open(self) -> bool: ...
    def close(self) -> Future[None]: ...
