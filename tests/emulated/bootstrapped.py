"""Stacks of one account that tests bootstrap, and the workflows that take their roles."""

import base64
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pulumi
from pulumi import automation as auto

from automation import environment
from automation.bootstrap.run import Bootstrapped, made
from automation.bootstrap.wanted import Bootstrap
from automation.clients import Clients
from automation.command import EngineCommand
from components.account import Account
from components.documents import ci
from components.documents.footing import Footing
from components.tags import Tags
from emulation import engine as engines
from emulation.ministack import Running

REGION = "us-east-1"
ACCOUNT = Account(id="000000000000", region=REGION, partition="aws")
READING = ("Get", "List", "Describe", "Head")
SECRET = "a word that nobody may read"
PUSH = "repo:octo-org/octo-repo:ref:refs/heads/main"
PULL = "repo:octo-org/octo-repo:pull_request"


def github_token(subject: str) -> str:
    """A token with GitHub's claims and nobody's signature."""
    claims = {"iss": f"https://{ci.GITHUB}", "aud": ci.AUDIENCE, "sub": subject}
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + ".x"


@dataclass(frozen=True, kw_only=True)
class Noted(Clients):
    """Clients that remember every operation they were asked for."""

    operations: list[str] = field(default_factory=list, hash=False, compare=False)

    def __call__(self, service: str) -> Any:
        client = super().__call__(service)
        client.meta.events.register(
            "before-call", self._note, unique_id=f"noted-{id(self.operations)}"
        )
        return client

    def _note(self, model: Any, **_: Any) -> None:
        self.operations.append(f"{model.service_model.service_name}:{model.name}")

    @property
    def changing(self) -> list[str]:
        return [each for each in self.operations if not each.partition(":")[2].startswith(READING)]


def silent(_line: str) -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Bootstraps stacks of one account; each test has a stack of its own."""

    running: Running

    def clients(self) -> Noted:
        where = self.running
        return Noted(region=REGION, endpoint_url=where.endpoint_url, ca_bundle=where.ca_bundle)

    def wanted(self, stack: str, clients: Clients | None = None) -> Bootstrap:
        return Bootstrap(
            footing=Footing(account=ACCOUNT, project="warmline", stack=stack),
            repository="octo-org/octo-repo",
            branch="main",
            environment=None,
            tags=Tags(
                project="warmline",
                stack=stack,
                environment="dev",
                owner="ml-platform",
                cost_centre="0000",
            ),
            clients=clients or self.clients(),
            shared_account=True,
        )

    def make(self, stack: str, *, show: Callable[[str], None] = silent) -> Bootstrapped:
        return made(self.wanted(stack), dry_run=False, show=show)

    def take(self, name: str, subject: str) -> dict[str, str]:
        """The environment of a workflow that took the role with GitHub's token.

        The emulator asks the role's trust and the token's claims, and not who signed it.
        """
        given = self.clients()("sts").assume_role_with_web_identity(
            RoleArn=f"arn:aws:iam::000000000000:role/{name}",
            RoleSessionName="pipeline",
            WebIdentityToken=github_token(subject),
        )["Credentials"]
        return environment.session(given)

    def client(self, service: str, keys: dict[str, str]) -> Any:
        return boto3.Session(
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=keys["AWS_SESSION_TOKEN"],
            region_name=REGION,
        ).client(
            service, endpoint_url=self.running.endpoint_url, verify=str(self.running.ca_bundle)
        )

    def secrets_by_arn(self, stack: str) -> str:
        """AWS asks for rights on the key that an alias names; the emulator on the alias, where
        nobody but its root has any.
        """
        alias = self.wanted(stack).footing.secrets_alias
        arn = self.clients()("kms").describe_key(KeyId=alias)["KeyMetadata"]["Arn"]
        return f"awskms:///{arn}?region={REGION}"

    def program(
        self, stack: str, folder: Path, keys: dict[str, str], secrets_provider: str
    ) -> auto.Stack:
        """A program with a secret, whose state is kept where bootstrap said."""
        footing = self.wanted(stack).footing
        engine, where = engines.ensure(silent), self.running
        backend = (
            f"{footing.backend_url}&endpoint={where.endpoint_url}&s3ForcePathStyle=true&awssdk=v2"
        )
        environ = {
            "PATH": os.defpath,
            "HOME": str(folder),
            "PULUMI_HOME": str(folder / "pulumi"),
            "PULUMI_BACKEND_URL": backend,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL_KMS": where.endpoint_url,
            "AWS_CA_BUNDLE": str(where.ca_bundle),
            "AWS_EC2_METADATA_DISABLED": "true",
            **keys,
        }

        def run() -> None:
            pulumi.export("word", pulumi.Output.secret(SECRET))

        return auto.create_or_select_stack(
            stack,
            project_name="small",
            program=run,
            opts=auto.LocalWorkspaceOptions(
                work_dir=str(folder),
                pulumi_command=EngineCommand(engine.command, engine.version, environ),
                secrets_provider=secrets_provider,
                project_settings=auto.ProjectSettings(name="small", runtime="python"),
            ),
        )


def versions(bench: Bench, stack: str) -> list[tuple[str, str]]:
    found = bench.clients()("s3").list_object_versions(Bucket=bench.wanted(stack).footing.bucket)
    return sorted((each["Key"], each["VersionId"]) for each in found.get("Versions", []))
