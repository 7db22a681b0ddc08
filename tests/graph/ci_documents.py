"""Every document that `warmline bootstrap` writes, for an example of an account."""

from collections.abc import Mapping

from components.account import Account
from components.documents import Document, ci, engine_state
from components.documents.footing import Footing
from components.documents.role import gateway_trust

ACCOUNT = Account(id="123456789012", region="eu-central-1", partition="aws")
FOOTING = Footing(account=ACCOUNT, project="warmline", stack="dev", zone_id="Z0123456789ABCDEFGHIJ")
KEYS = {
    f"{name}_key_arn": f"arn:aws:kms:eu-central-1:123456789012:key/{digit * 8}-aaaa"
    for name, digit in (("state", "1"), ("secrets", "2"))
}
REPOSITORY = "octo-org/octo-repo"
TRUSTS = ci.trusts(FOOTING.provider_arn, REPOSITORY, branch="main", environment="dev")

CI_DOCUMENTS: Mapping[str, Document] = {
    "state key": engine_state.state_key(ACCOUNT),
    "secrets key": engine_state.secrets_key(ACCOUNT),
    "state bucket": engine_state.state_bucket(FOOTING, KEYS["state_key_arn"]),
    "boundary": ci.boundary(FOOTING, **KEYS),
    "see": ci.see(FOOTING),
    "plan state": engine_state.read_state(FOOTING, **KEYS),
    "apply state": engine_state.write_state(FOOTING, **KEYS),
    "change": ci.change(FOOTING),
    "change named": ci.change_named(FOOTING),
    "plan preview": ci.preview(FOOTING),
    "apply roles": ci.manage_roles(FOOTING),
    "gateway trust": gateway_trust(),
    "plan trust": TRUSTS["plan"],
    "apply trust": TRUSTS["apply"],
}
