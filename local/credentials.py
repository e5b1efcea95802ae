"""The shell's credentials and region, and what AWS or its client refuses, as a sentence for the person at the keyboard."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from .trouble import Trouble

MISSING = (
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    CredentialRetrievalError,
    SSOError,
    TokenRetrievalError,
)
# AWS knows no such key, or not in this region.
REFUSED = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "AuthFailure",
}


def session(region: str | None = None, profile: str | None = None) -> boto3.Session:
    """`region`, or the shell's. boto3 alone reads AWS_DEFAULT_REGION, and not AWS_REGION, which the AWS CLI prefers."""
    with explained():
        return boto3.Session(profile_name=profile or None, region_name=region or os.environ.get("AWS_REGION") or None)


@contextmanager
def explained(remedies: Mapping[str, str] | None = None) -> Iterator[None]:
    """Turns an error of AWS or of its client into a `Trouble`. `remedies`: sentences for codes that the caller expects."""
    try:
        yield
    except NoRegionError as error:
        raise Trouble("No AWS region is set: `export AWS_REGION=…`, the region of the stack.") from error
    except MISSING as error:
        raise Trouble(
            f"No usable AWS credentials ({error}): sign in, for example with `aws sso login` or `aws configure`, or set"
            " AWS_PROFILE. `aws sts get-caller-identity` shows them."
        ) from error
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if remedies and code in remedies:
            raise Trouble(remedies[code]) from error
        if code in REFUSED:
            raise Trouble(
                f"AWS does not accept the credentials ({code}): sign in again. If they are new, check that the account has"
                " enabled this region."
            ) from error
        raise Trouble(f"AWS refused the call ({code}): {error.response.get('Error', {}).get('Message', error)}") from error
    except BotoCoreError as error:
        raise Trouble(f"AWS was not reached: {error}") from error
