"""docs/models.md says the limits that the code has."""

from pathlib import Path

import pytest

from automation.models import routes
from contracts import manifest, route
from model_images import limits

pytestmark = pytest.mark.unit

PAGE = Path(__file__).resolve().parents[3] / "docs" / "models.md"
LIMITS = {
    "version number": manifest.MAX_VERSION,
    "files of a version": limits.FILES,
    "file name": manifest.MAX_FILE_NAME,
    "the `.onnx` file": limits.ONNX_FILE_BYTES,
    "any file": limits.OBJECT_BYTES,
    "all files together": limits.FUNCTION_MEMORY_MB,
    "planned memory": limits.FUNCTION_MEMORY_MB,
    "batch size": limits.MAX_BATCH_SIZE,
    "manifest": manifest.MAX_MANIFEST_BYTES,
    "versions of a route with weight": route.MAX_WEIGHTED_VERSIONS,
    "versions that a route mentions": routes.MAX_VERSIONS,
}


@pytest.mark.parametrize("what", LIMITS)
def test_the_page_names_the_limit(what: str) -> None:
    [row] = [
        line
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith(f"| {what} |")
    ]
    stated = row.split("|")[2]
    assert str(LIMITS[what]) in stated.replace(".", " ").split(), row
