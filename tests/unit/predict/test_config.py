import base64
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from contracts.env import OPTIONAL, HealthEnv, PredictEnv
from functions.health.config import Config as HealthConfig
from functions.predict.config import Config
from functions.shared.environ import ConfigError

pytestmark = pytest.mark.unit


def public_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(der).decode()


GOOD: dict[str, str] = {
    PredictEnv.SERVING_GROUP: "default",
    PredictEnv.REGISTRY_TABLE: "registry",
    PredictEnv.MODEL_BUCKET: "models",
    PredictEnv.KEYRING: json.dumps({"main": public_key()}),
    PredictEnv.SHADOW_QUEUE_URL: "",
    PredictEnv.TENANT_CLAIM: "client_id",
    PredictEnv.ROUTE_TTL_SECONDS: "2.5",
    PredictEnv.MEMORY_CACHE_MB: "512",
    PredictEnv.DISK_CACHE_MB: "0",
    PredictEnv.EFS_FOLDER: "/mnt/models",
    PredictEnv.EFS_CACHE_MB: "20480",
    PredictEnv.MAX_BODY_BYTES: "4400000",
}


def test_every_name_of_the_contract_is_read_and_no_other() -> None:
    assert set(GOOD) == set(PredictEnv)
    config = Config.from_environ(GOOD | {"PATH": "/bin"})
    assert (config.serving_group, config.route_ttl_seconds) == ("default", 2.5)
    assert (config.disk_cache_mb, config.max_body_bytes) == (0, 4_400_000)
    assert (config.efs_folder, config.efs_cache_mb) == ("/mnt/models", 20_480)


def test_without_a_shared_file_system_its_names_are_absent() -> None:
    config = Config.from_environ({k: v for k, v in GOOD.items() if k not in OPTIONAL})
    assert (config.efs_folder, config.efs_cache_mb) == ("", 0)


def test_a_shared_file_system_needs_its_limit() -> None:
    with pytest.raises(ConfigError, match="EFS_CACHE_MB is missing"):
        Config.from_environ({k: v for k, v in GOOD.items() if k != PredictEnv.EFS_CACHE_MB})


def test_all_missing_names_are_told_in_one_error() -> None:
    with pytest.raises(ConfigError) as caught:
        Config.from_environ({})
    for name in set(PredictEnv) - OPTIONAL:
        assert f"{name} is missing" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (PredictEnv.SERVING_GROUP, "Not A Group", "must match"),
        (PredictEnv.KEYRING, "{}", "key"),
        (PredictEnv.KEYRING, '{"main": "AAAA"}', "main"),
        (PredictEnv.KEYRING, "no json", "cannot be read"),
        (PredictEnv.ROUTE_TTL_SECONDS, "-1", "from 0 to 300"),
        (PredictEnv.ROUTE_TTL_SECONDS, "nan", "from 0 to 300"),
        (PredictEnv.ROUTE_TTL_SECONDS, "soon", "cannot be read"),
        (PredictEnv.MEMORY_CACHE_MB, "0", "from 1 to 10240"),
        (PredictEnv.DISK_CACHE_MB, "1.5", "cannot be read"),
        (PredictEnv.EFS_FOLDER, "models", "must match /.+"),
        (PredictEnv.MAX_BODY_BYTES, "4400001", "from 1 to 4400000"),
        (PredictEnv.MAX_BODY_BYTES, "", "is missing"),
    ],
)
def test_a_wrong_value_is_told_with_its_name_and_range(
    name: PredictEnv, value: str, said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.from_environ(GOOD | {name: value})
    assert name in str(caught.value)
    assert said in str(caught.value)


def test_missing_and_wrong_names_are_told_together() -> None:
    wrong = {k: v for k, v in GOOD.items() if k is not PredictEnv.MODEL_BUCKET}
    with pytest.raises(ConfigError, match=r"MODEL_BUCKET is missing.*MEMORY_CACHE_MB is 0"):
        Config.from_environ(wrong | {PredictEnv.MEMORY_CACHE_MB: "0"})


def test_the_health_function_needs_its_table() -> None:
    assert HealthConfig.from_environ({HealthEnv.REGISTRY_TABLE: "t"}).registry_table == "t"
    with pytest.raises(ConfigError, match=HealthEnv.REGISTRY_TABLE):
        HealthConfig.from_environ({})
