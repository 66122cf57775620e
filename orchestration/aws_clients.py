"""The connection to what speaks Amazon's protocols, the lake among them: one client with the keys of the lake."""

from dataclasses import dataclass
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from orchestration.settings import LakeSettings


@dataclass(frozen=True)
class AwsSession:
    """What a client may be told beside the lake's settings; by default what boto3 does by itself."""

    profile_name: str | None = None
    use_ssl: bool = True
    verify: bool | str | None = None
    is_unsigned: bool = False


DEFAULT_SESSION = AwsSession()


def aws_client(
    service: str,
    lake: LakeSettings,
    endpoint_url: str,
    read_timeout: int,
    max_attempts: int,
    session: AwsSession = DEFAULT_SESSION,
) -> Any:
    """boto3 for `s3` or `sqs`; no endpoint means AWS itself. Makes no network call until first used."""
    maker = boto3.Session(profile_name=session.profile_name) if session.profile_name else boto3
    return maker.client(
        service,
        endpoint_url=endpoint_url or None,
        region_name=lake.region,
        use_ssl=session.use_ssl,
        verify=session.verify,
        aws_access_key_id=lake.access_key_id or None,
        aws_secret_access_key=lake.secret_access_key or None,
        aws_session_token=lake.session_token or None,
        config=Config(
            signature_version=UNSIGNED if session.is_unsigned else None,
            s3={"addressing_style": "path"},
            connect_timeout=5,
            read_timeout=read_timeout,
            retries={"max_attempts": max_attempts, "mode": "standard"},
            # Newer checksums are unknown to many S3 servers other than AWS.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
