"""What runs in Lambda. Never imports Pulumi, boto3 or pydantic: start-up time is a feature."""
