"""What the doctor asks of an issuer of tokens that exists already."""

from automation.doctor.finding import Finding, ok, problem
from automation.doctor.probes import Probes
from automation.doctor.stack_file import section
from functions.authorize.documents import OtherIssuer, discovery_url, document, keys_url
from functions.authorize.refusals import IssuerUnavailable
from functions.shared.deadline import Deadline

SECONDS = 10


def issuer(probes: Probes) -> Finding:
    """Whether the issuer of the settings publishes itself, and any keys."""
    settings = section(probes, "identity")
    name = settings.get("issuer")
    if settings.get("kind") != "issuer" or not name:
        return ok("a pool that the stack makes")
    file = f"Pulumi.{probes.stack}.yaml"
    deadline = Deadline.after(SECONDS)
    url = settings.get("jwks_url")
    try:
        if not url:
            url = keys_url(name, probes.https_get, deadline)
        listed = document(probes.https_get(url, deadline), "key set").get("keys")
    except OtherIssuer as error:
        return problem(
            str(error),
            needed="an issuer that its own discovery document names in the same characters",
            why="the gateway compares a token's iss with the setting, and a slash counts",
            action=f"correct warmline:identity.issuer in {file} to what the tokens say",
        )
    except IssuerUnavailable as error:
        return problem(
            str(error),
            needed="a discovery document and a key set that anyone can read over HTTPS",
            why="tokens cannot be judged without the issuer's keys, so nobody gets in",
            action=f"open {url or discovery_url(name)} in a browser; correct "
            f"warmline:identity in {file}, or have the issuer repaired",
        )
    if not isinstance(listed, list) or not listed:
        return problem(
            f"{url} has no keys",
            needed="at least one key that verifies tokens",
            why="a token is good only with a key that the issuer publishes",
            action="have the issuer publish its keys, or correct where they are "
            f"(warmline:identity.jwks_url in {file})",
        )
    return ok(f"{name} publishes {len(listed)} keys")
