"""`warmline doctor`: every check of a stack, one after another."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

from botocore.exceptions import BotoCoreError, ClientError

from automation.doctor import account, footing, issuer, laptop, machine, release
from automation.doctor.ask import probes_of
from automation.doctor.finding import CannotAsk, Finding, Verdict, not_asked
from automation.doctor.probes import Probes
from automation.workspace import LOCAL

Checks = dict[str, Callable[[Probes], Finding]]

EVERYWHERE: Checks = {
    "python": machine.python,
    "engine": machine.engine,
    "language host": machine.language_host,
    "cache space": machine.cache_space,
    "home": machine.home,
    "home space": machine.home_space,
    "stack file": machine.stack_file,
}
ON_THE_LAPTOP: Checks = {
    "emulator environment": laptop.environment,
    "emulator": laptop.emulator,
    "port": laptop.port,
    "deployed instance": laptop.instance,
    "release": release.release,
}
IN_AN_ACCOUNT: Checks = {
    "aws": account.reachable,
    "clock": account.clock,
    "credentials": account.credentials,
    "account": account.account,
    "region": account.region,
    "region enabled": account.region_enabled,
    "lambda quota": account.lambda_quota,
    "network quotas": footing.network_quotas,
    "gpu quota": footing.gpu_quota,
    "gateway log": footing.gateway_log,
    "issuer": issuer.issuer,
    "backend": account.backend,
    "state bucket": footing.state_bucket,
    "secrets provider": account.secrets_provider,
    "secrets key": footing.secrets_key,
    "pipeline": footing.pipeline,
    "aws plugin": account.aws_plugin,
    "release": release.release,
}


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What every check of a stack said, by its name."""

    stack: str
    findings: dict[str, Finding]

    @property
    def healthy(self) -> bool:
        """No problem was found; what was not asked is no problem, and no pass either."""
        return not self.of(Verdict.PROBLEM)

    def of(self, verdict: Verdict) -> list[str]:
        return [check for check, finding in self.findings.items() if finding.verdict is verdict]

    def as_json(self) -> list[dict[str, str]]:
        return [{"check": check} | asdict(finding) for check, finding in self.findings.items()]


def doctor(stack: str) -> Diagnosis:
    """Look at this machine and, for a stack in an account, at what can be asked of it."""
    return examine(probes_of(stack))


def examine(probes: Probes) -> Diagnosis:
    checks = EVERYWHERE | (ON_THE_LAPTOP if probes.stack == LOCAL else IN_AN_ACCOUNT)
    return Diagnosis(stack=probes.stack, findings=dict(_asked(checks, probes)))


def _asked(checks: Checks, probes: Probes) -> Iterable[tuple[str, Finding]]:
    for name, check in checks.items():
        try:
            yield name, check(probes)
        except (CannotAsk, OSError, BotoCoreError, ClientError) as error:
            yield name, not_asked(str(error))
