"""What the function's environment makes of the tiers."""

from pathlib import Path

import pytest

from contracts.env import OPTIONAL, PredictEnv
from functions.predict import wiring
from functions.predict.config import Config
from functions.predict.efs import SharedFolder
from functions.predict.models import ModelCache
from functions.predict.tiers import S3Source, Source
from tests.unit.predict.test_config import GOOD

pytestmark = pytest.mark.unit

AWS = {
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}


def source_of(environ: dict[str, str], folder: Path) -> Source:
    ports = wiring.connect(Config.from_environ(environ), AWS | {"TMPDIR": str(folder)})
    assert isinstance(ports.models, ModelCache)
    return ports.models._source


def test_a_shared_folder_stands_before_the_model_store_where_it_is_named(tmp_path: Path) -> None:
    source = source_of(GOOD | {PredictEnv.EFS_FOLDER: str(tmp_path)}, tmp_path)
    assert isinstance(source, SharedFolder)
    assert isinstance(source._behind, S3Source)
    assert source._folder.limit == 20_480 * 1024 * 1024


def test_without_one_files_come_from_the_model_store(tmp_path: Path) -> None:
    environ = {name: value for name, value in GOOD.items() if name not in OPTIONAL}
    assert isinstance(source_of(environ, tmp_path), S3Source)
