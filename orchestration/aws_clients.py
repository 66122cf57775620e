"""The connection to what speaks Amazon's protocols, the lake among them: one client with the keys of the lake."""

from typing import Any

import boto3
from botocore.config import Config

from orchestration.settings import Lake


def aws_client(service: str, lake: Lake, endpoint_url: str, read_timeout: int, max_attempts: int) -> Any:
    """boto3 for `s3` or `sqs`; no endpoint means AWS itself. Opening it speaks to nobody."""
    return boto3.client(
        service,
        endpoint_url=endpoint_url or None,
        region_name=lake.region,
        aws_access_key_id=lake.access_key_id or None,
        aws_secret_access_key=lake.secret_access_key or None,
        config=Config(
            s3={"addressing_style": "path"},
            connect_timeout=5,
            read_timeout=read_timeout,
            retries={"max_attempts": max_attempts, "mode": "standard"},
            # Newer checksums are unknown to many S3 servers other than AWS.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
