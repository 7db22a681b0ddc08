from concurrent.futures import Future

from awscrt.http import HttpRequest

class AwsCredentialsProvider:
    @classmethod
    def new_default_chain(cls) -> AwsCredentialsProvider: ...

class AwsSigningConfig:
    def __init__(
        self, *, credentials_provider: AwsCredentialsProvider, region: str, service: str
    ) -> None: ...

def aws_sign_request(
    http_request: HttpRequest, signing_config: AwsSigningConfig
) -> Future[HttpRequest]: ...
