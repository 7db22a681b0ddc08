"""The authorizer function: judges the tokens that callers of a REST API bring."""
