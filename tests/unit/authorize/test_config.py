"""The authorizer function's environment."""

import pytest

from contracts.env import AuthorizeEnv
from functions.authorize.config import Config
from functions.shared.environ import ConfigError
from tests.unit.authorize.issuer import ISSUER

pytestmark = pytest.mark.unit

ENVIRON = {
    AuthorizeEnv.ISSUER: ISSUER,
    AuthorizeEnv.JWKS_URL: "",
    AuthorizeEnv.AUDIENCE: '["a", "b"]',
    AuthorizeEnv.TENANT_CLAIM: "tenant",
    AuthorizeEnv.USAGE_PLANS_OF: "",
}


def test_a_whole_environment_is_read() -> None:
    found = Config.from_environ({str(name): value for name, value in ENVIRON.items()})
    assert found.issuer == ISSUER
    assert found.audience == {"a", "b"}


def test_every_missing_name_is_in_one_error() -> None:
    with pytest.raises(ConfigError) as caught:
        Config.from_environ({})
    for name in AuthorizeEnv:
        assert f"{name} is missing" in str(caught.value)


@pytest.mark.parametrize("audience", ["[]", '"a"', '[""]', '["a", 7]', "{}", "a", '["a", "a"]'])
def test_an_audience_that_would_let_in_anyone_or_nobody_is_refused(audience: str) -> None:
    with pytest.raises(ConfigError, match="WARMLINE_AUDIENCE"):
        Config.from_environ({**ENVIRON, AuthorizeEnv.AUDIENCE: audience})
