"""Every step of a bootstrap, in the order in which they can be made."""

from automation.bootstrap.gateway import gateway_log
from automation.bootstrap.pipeline import policy, provider, role
from automation.bootstrap.step import Step
from automation.bootstrap.storage import bucket, key
from automation.bootstrap.wanted import Bootstrap
from components.documents import ci, engine_state


def steps(to: Bootstrap) -> list[Step]:
    footing, account = to.footing, to.footing.account
    trusts = ci.trusts(
        footing.provider_arn, to.repository, branch=to.branch, environment=to.environment
    )
    return [
        *key(to, footing.state_alias, "state of Pulumi", engine_state.state_key(account)),
        *key(to, footing.secrets_alias, "secrets in that state", engine_state.secrets_key(account)),
        *bucket(to),
        provider(to),
        policy(to, footing.boundary, lambda: to.state(ci.boundary)),
        policy(to, footing.see, lambda: ci.see(footing)),
        policy(to, footing.change, lambda: ci.change(footing)),
        policy(to, footing.change_named, lambda: ci.change_named(footing)),
        *role(
            to,
            footing.plan,
            trusts["plan"],
            attached=[],
            inline={
                "state": lambda: to.state(engine_state.read_state),
                "preview": lambda: ci.preview(footing),
            },
        ),
        *role(
            to,
            footing.apply,
            trusts["apply"],
            attached=[footing.see, footing.change, footing.change_named],
            inline={
                "state": lambda: to.state(engine_state.write_state),
                "roles": lambda: ci.manage_roles(footing),
            },
        ),
        *(gateway_log(to) if to.rest_api else ()),
    ]
