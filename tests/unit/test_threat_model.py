"""Each proof that the threat model names is a test that exists."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
TESTS = {
    name
    for file in ROOT.glob("tests/**/test_*.py")
    for name in re.findall(r"^def (test_\w+)\(", file.read_text(encoding="utf-8"), re.MULTILINE)
}


def test_every_threat_has_a_proof_that_exists() -> None:
    rows = re.findall(r"^\| .+ \|$", PAGE.partition("## Threats")[2], re.MULTILINE)
    assert len(rows) > 10
    for row in rows[1:]:
        proofs = re.findall(r"`(test_\w+)`", row)
        assert proofs, row
        assert set(proofs) <= TESTS, set(proofs) - TESTS
