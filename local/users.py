"""The users of the stack's pool: three customers (one must not see another's orders, one is erased), and one of each role."""

from __future__ import annotations

import json
import secrets
import urllib.request
from typing import Any

from . import aws
from .state import Stack

CUSTOMER = "ada@customer.example"
OTHER_CUSTOMER = "ben@customer.example"
# Whose data a test erases.
ERASED_CUSTOMER = "eve@customer.example"
ADMIN = "olga@shop.example"
# Does the daily work.
STAFF = "sam@shop.example"
# Sees what an admin sees, and changes nothing.
VIEWER = "vera@shop.example"


def create(stack: Stack) -> None:
    """Creates the missing ones. Their random passwords are stored in `.local/` and deleted with the stack."""
    cognito, pool = aws.client("cognito-idp", stack), stack.resources["UserPool"]
    for email in (CUSTOMER, OTHER_CUSTOMER, ERASED_CUSTOMER, ADMIN, STAFF, VIEWER):
        password = stack.secrets.get(email)
        if password is None:
            # Contains each kind of character that the pool requires.
            password = stack.secrets[email] = f"Aa1{secrets.token_urlsafe(18)}"
            stack.save()
        if not _exists(cognito, pool, email):
            attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
            cognito.admin_create_user(UserPoolId=pool, Username=email, UserAttributes=attributes, MessageAction="SUPPRESS")
            cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=password, Permanent=True)
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=ADMIN, GroupName="admin")
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=STAFF, GroupName="staff")
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=VIEWER, GroupName="viewer")


def passwords(stack: Stack) -> str:
    """Who may sign in, for a person: the passwords are random and end with the stack."""
    return "\n".join(
        f"  {role:<9} {email:<22} {stack.secrets[email]}"
        for role, email in (("admin", ADMIN), ("staff", STAFF), ("viewer", VIEWER), ("customer", CUSTOMER))
    )


def of_browser_tests(stack: Stack) -> dict[str, dict[str, str]]:
    """Who signs in, in the tests of the console. One was invited, one forgets their password, one watches with connections
    that no other test uses; each is new in every run.
    """
    cognito, pool = aws.client("cognito-idp", stack), stack.resources["UserPool"]
    people = {"admin": ADMIN, "staff": STAFF, "viewer": VIEWER, "customer": CUSTOMER}
    found = {role: {"email": email, "password": stack.secrets[email]} for role, email in people.items()}
    for role in ("invited", "forgetful", "watcher"):
        email, password = f"{role}-{secrets.token_hex(4)}@shop.example", f"Aa1{secrets.token_urlsafe(18)}"
        attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
        cognito.admin_create_user(
            UserPoolId=pool, Username=email, UserAttributes=attributes, TemporaryPassword=password, MessageAction="SUPPRESS"
        )
        found[role] = {"email": email, "password": password}
    for role in ("forgetful", "watcher"):
        someone = found[role]
        cognito.admin_set_user_password(
            UserPoolId=pool, Username=someone["email"], Password=someone["password"], Permanent=True
        )
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=found["watcher"]["email"], GroupName="viewer")
    return found


def token(stack: Stack, email: str) -> str:
    """A fresh access token, by signing in as a shop's page does."""
    request = {
        "AuthFlow": "USER_PASSWORD_AUTH",
        "ClientId": stack.resources["UserPoolClient"],
        "AuthParameters": {"USERNAME": email, "PASSWORD": stack.secrets[email]},
    }
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
    }
    with urllib.request.urlopen(
        urllib.request.Request(stack.endpoint, json.dumps(request).encode(), headers), timeout=10
    ) as answer:
        return json.load(answer)["AuthenticationResult"]["AccessToken"]


def _exists(cognito: Any, pool: str, email: str) -> bool:
    try:
        cognito.admin_get_user(UserPoolId=pool, Username=email)
    except cognito.exceptions.UserNotFoundException:
        return False
    return True
