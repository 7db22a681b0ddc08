"""Reads and writes a container registry by the OCI distribution protocol."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urljoin

import urllib3
from urllib3.exceptions import HTTPError

from automation.errors import Failure

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
_ACCEPTED: Final = (
    f"{MANIFEST}, application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json"
)
_URI: Final = re.compile(
    r"(?P<registry>(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?)"
    r"/(?P<repository>[a-z0-9][a-z0-9._/-]*)@(?P<digest>sha256:[0-9a-f]{64})"
)
_LARGEST: Final = 4 * 1024 * 1024
"""Bytes of a manifest or signature that are read; registries allow manifests of 4 MiB."""
_TIMEOUT: Final = urllib3.Timeout(connect=10, read=30)


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image of ECR, by its digest."""

    registry: str
    account: str
    region: str
    repository: str
    digest: str

    @classmethod
    def parse(cls, uri: str) -> "Image":
        """Raises `Failure` for what names no digest, or no repository of ECR."""
        found = _URI.fullmatch(uri)
        if found is None:
            raise Failure(
                f"{uri!r} is no image of ECR by its digest",
                "Give <account>.dkr.ecr.<region>.amazonaws.com/<repository>@sha256:<digest>; a "
                "push tells the digest, and so does: aws ecr describe-images",
            )
        return cls(**{name: found[name] for name in cls.__dataclass_fields__})

    @property
    def signature_tag(self) -> str:
        """Where cosign keeps the signatures of an image."""
        return f"{self.digest.replace(':', '-')}.sig"

    def __str__(self) -> str:
        return f"{self.registry}/{self.repository}@{self.digest}"


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass(frozen=True, kw_only=True)
class Repository:
    """One repository of a registry. Every method raises `Failure` for an answer that is none."""

    url: str
    """Of the registry: `https://<account>.dkr.ecr.<region>.amazonaws.com`."""
    name: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    ca_bundle: str | None = None

    @classmethod
    def of(cls, image: Image, clients: Any) -> "Repository":
        """`clients` reach the account of the image, or the emulator that stands for it."""
        answer = clients("ecr").get_authorization_token()["authorizationData"][0]
        return cls(
            url=clients.endpoint_url or f"https://{image.registry}",
            name=image.repository,
            headers={"Authorization": f"Basic {answer['authorizationToken']}"},
            ca_bundle=None if clients.ca_bundle is None else str(clients.ca_bundle),
        )

    def manifest(self, reference: str) -> bytes | None:
        """The manifest under a tag or digest; None = there is none."""
        return self._get(f"manifests/{reference}", {"Accept": _ACCEPTED})

    def blob(self, digest: str) -> bytes | None:
        """A blob whose bytes have this digest; None = there is none, or it is another."""
        content = self._get(f"blobs/{digest}", {})
        return content if content is not None and digest_of(content) == digest else None

    def push_blob(self, content: bytes) -> None:
        start = self._ask("POST", "blobs/uploads/", {}, b"", HTTPStatus.ACCEPTED)
        where = start.headers["Location"]
        separator = "&" if "?" in where else "?"
        self._ask(
            "PUT",
            f"{where}{separator}digest={digest_of(content)}",
            {"Content-Type": "application/octet-stream"},
            content,
            HTTPStatus.CREATED,
        )

    def push_manifest(self, tag: str, manifest: bytes) -> None:
        kind = json.loads(manifest)["mediaType"]
        created = HTTPStatus.CREATED
        self._ask("PUT", f"manifests/{tag}", {"Content-Type": kind}, manifest, created)

    def _get(self, path: str, headers: Mapping[str, str]) -> bytes | None:
        answer = self._ask("GET", path, headers, None, HTTPStatus.OK, HTTPStatus.NOT_FOUND)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        if len(answer.data) > _LARGEST:
            raise Failure(
                f"{self.name}: {path} has {len(answer.data):,} bytes, above {_LARGEST:,}",
                "No manifest or signature is that large: find out who pushed it.",
            )
        return answer.data

    def _ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *expected: HTTPStatus,
    ) -> Any:
        try:
            with urllib3.PoolManager(timeout=_TIMEOUT, ca_certs=self.ca_bundle) as pool:
                answer = pool.request(
                    method,
                    urljoin(f"{self.url}/v2/{self.name}/", path),
                    headers={**self.headers, **headers},
                    body=body,
                )
        except HTTPError as error:
            raise Failure(
                f"the registry {self.url} cannot be asked: {error}",
                "Check the network; for the local stack: warmline status",
            ) from error
        if answer.status not in expected:
            raise Failure(
                f"the registry refuses {method} {path} of {self.name} with {answer.status}: "
                f"{answer.data[:300].decode(errors='replace')}",
                "Check that your credentials may use the repository, and that the tag is free: "
                "tags never move.",
            )
        return answer
