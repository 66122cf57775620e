"""The lake as a sender sees it: plain boto3, which the warehouse's own connection never is (it cannot write)."""

from typing import Any

import boto3
from botocore.config import Config

from orchestration.settings import Settings


def s3_client(settings: Settings, **options: Any) -> Any:
    """boto3 on the settings' lake; `options` go into botocore's Config."""
    lake = settings.lake
    return boto3.client(
        "s3",
        endpoint_url=lake.endpoint_url,
        region_name=lake.region,
        aws_access_key_id=lake.access_key_id,
        aws_secret_access_key=lake.secret_access_key,
        config=Config(s3={"addressing_style": "path"}, **options),
    )
