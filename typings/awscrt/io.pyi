from enum import IntEnum

class SocketOptions:
    connect_timeout_ms: int
    def __init__(self) -> None: ...

class TlsVersion(IntEnum):
    TLSv1_2 = 3

class TlsContextOptions:
    min_tls_ver: TlsVersion
    def __init__(self) -> None: ...
    def override_default_trust_store_from_path(
        self, ca_dirpath: str | None = None, ca_filepath: str | None = None
    ) -> None: ...

class TlsConnectionOptions:
    def set_server_name(self, server_name: str) -> None: ...

class ClientTlsContext:
    def __init__(self, options: TlsContextOptions) -> None: ...
    def new_connection_options(self) -> TlsConnectionOptions: ...
