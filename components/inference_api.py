"""InferenceApi: the front door, an HTTP API or a REST API."""

import pulumi

from components.custom_domain import custom_domain
from components.firewall import firewall
from components.front_door import ApiMetrics, InferenceApiArgs, access_log
from components.http_api import http_api
from components.rest_api import rest_api

__all__ = ["InferenceApi", "InferenceApiArgs"]


class InferenceApi(pulumi.ComponentResource):
    """The routes of `contracts.api_routes`: with a token, throttled and logged. The settings say
    what stands in front of them."""

    api_id: pulumi.Output[str]
    url: pulumi.Output[str]
    access_log_name: pulumi.Output[str]
    metrics: ApiMetrics

    def __init__(
        self, name: str, args: InferenceApiArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("warmline:components:InferenceApi", name, {}, opts)
        kind = rest_api if args.api.kind == "rest" else http_api
        log = access_log(name, args, pulumi.ResourceOptions(parent=self))
        made = kind(name, args, log.arn, self)
        self.api_id = made.api_id
        self.url = made.url
        if args.api.custom_domain is not None:
            self.url = custom_domain(name, args.api.custom_domain, args, made, self)
        if args.api.firewall is not None:
            firewall(name, args.api.firewall, args, made, self)
        self.metrics = made.metrics
        self.access_log_name = log.name
        self.register_outputs(
            {"api_id": self.api_id, "url": self.url, "access_log_name": self.access_log_name}
        )
