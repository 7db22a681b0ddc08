"""What the engine's process gets to see: only what is listed here reaches the emulator's runs."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

REGION = "us-east-1"
"""Region of the emulator's resources when the stack file names none."""

KEPT = frozenset(
    {
        *("HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "LANG", "LANGUAGE", "TERM"),
        # How `uv` reaches a package index behind a company's proxy or certificate.
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NETRC"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"),
    }
)
KEPT_PREFIXES = ("LC_", "XDG_", "UV_", "PIP_", "WARMLINE_")
LOOPBACK = "127.0.0.1,localhost"


def sealed(
    environ: Mapping[str, str],
    *,
    first_on_path: Iterable[Path],
    home: Path,
    passphrase_file: Path,
) -> dict[str, str]:
    """The environment of an engine that must not reach an account.

    A list of what stays, so that a new kind of credential is outside from the start: no cloud
    profile, token, cluster or Pulumi login passes. State and login live under `home`.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if name in KEPT or name.startswith(KEPT_PREFIXES)
    }
    bypass = ",".join(filter(None, [environ.get("NO_PROXY", environ.get("no_proxy")), LOOPBACK]))
    return kept | {
        "PATH": _path(environ, first_on_path),
        "NO_PROXY": bypass,
        "no_proxy": bypass,
        "PULUMI_HOME": str(home / "pulumi"),
        "PULUMI_BACKEND_URL": f"file://{quote(str(home / 'state'))}",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase_file),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # Otherwise every operation leaves a copy of the state, for ever.
        "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
        "PULUMI_LOG_ROTATION_MAX_TOTAL_MB": "20",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # boto3 looks into these places when the environment holds no keys.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def emulated(endpoint_url: str, region: str, *, ca_bundle: Path | None = None) -> dict[str, str]:
    """What the emulator's provider and clients need: its address and keys that open nothing."""
    trust = {} if ca_bundle is None else {"AWS_CA_BUNDLE": str(ca_bundle)}
    return trust | {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


def session(credentials: Mapping[str, str]) -> dict[str, str]:
    """Credentials as STS hands them out, under the names of the environment."""
    return {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
    }


def own(
    environ: Mapping[str, str], *, first_on_path: Iterable[Path], backend_url: str | None = None
) -> dict[str, str]:
    """The user's environment, for runs against an account; PATH and the update check differ, and
    state is kept where the stack file says, if it says.
    """
    backend = {} if backend_url is None else {"PULUMI_BACKEND_URL": backend_url}
    return (
        dict(environ)
        | backend
        | {
            "PATH": _path(environ, first_on_path),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
    )


def _path(environ: Mapping[str, str], first: Iterable[Path]) -> str:
    return os.pathsep.join([*map(str, first), environ.get("PATH", os.defpath)])
