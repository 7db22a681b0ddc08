from concurrent.futures import Future
from enum import IntEnum

from awscrt.auth import AwsCredentialsProvider, AwsSigningConfig
from awscrt.exceptions import AwsCrtError
from awscrt.http import HttpRequest, _OnBody
from awscrt.io import TlsConnectionOptions

class S3RequestType(IntEnum):
    GET_OBJECT = 1

class S3RequestTlsMode(IntEnum):
    ENABLED = 0
    DISABLED = 1

class S3ResponseError(AwsCrtError):
    status_code: int  # the library's own annotation says pairs of text; it sets the number
    body: bytes | None

class S3RetryConfig:
    def __init__(
        self,
        *,
        max_retries: int = 0,
        backoff_scale_factor_ms: int = 0,
        max_backoff_secs: int = 0,
    ) -> None: ...

class S3Request:
    @property
    def finished_future(self) -> Future[None]: ...
    def cancel(self) -> None: ...

class S3Client:
    def __init__(
        self,
        *,
        region: str,
        tls_mode: S3RequestTlsMode | None = None,
        signing_config: AwsSigningConfig | None = None,
        tls_connection_options: TlsConnectionOptions | None = None,
        part_size: int | None = None,
        max_active_connections_override: int | None = None,
        retry_config: S3RetryConfig | None = None,
        connect_timeout_ms: int | None = None,
    ) -> None: ...
    def make_request(
        self, *, type: S3RequestType, request: HttpRequest, on_body: _OnBody | None = None
    ) -> S3Request: ...

def create_default_s3_signing_config(
    *, region: str, credential_provider: AwsCredentialsProvider
) -> AwsSigningConfig: ...
