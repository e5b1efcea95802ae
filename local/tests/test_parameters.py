"""The rules of the template, each with values that break it and values that keep it, and what `make deploy` derives from it."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path

import tomlkit
from samcli.cli.types import CfnParameterOverridesType

from .. import documents
from ..account import parameters, preflight, secret_values
from ..account.samconfig import Samconfig
from ..settings import ROOT

TEMPLATE = documents.read_template()
SHOP = {**parameters.defaults(TEMPLATE), "AlarmEmail": "ops@shop.example", "MailFrom": "orders@shop.example", "DeployId": "1"}
OWN_ISSUER = {"JwtIssuer": "https://id.shop.example", "JwtAudience": "shop"}
ISSUERS_PAGES = {
    **OWN_ISSUER,
    "SignInAuthorizeUrl": "https://id.shop.example/authorize",
    "SignInTokenUrl": "https://id.shop.example/token",
    "SignInClientId": "console",
}
PAGES = {"SignInDomainPrefix": "tea-shop", "SignInCallbackUrls": "https://shop.example/in,http://localhost:3000/in"}
CONSOLE = "https://shop.example/console/index.html"
SENDER = {"SenderName": "Shop", "SenderLine1": "Lane 2", "SenderCity": "Basel", "SenderCountry": "CH"}
EASYPOST = {"Carrier": "easypost", **SENDER}
IDENTITY = "arn:aws:ses:eu-central-1:123456789012:identity/shop.example"

# Each sentence of a rule: its beginning, what breaks that one rule alone, what keeps it.
RULES: list[tuple[str, dict[str, str], dict[str, str]]] = [
    ("DeployId must be new in each deploy", {"DeployId": "none"}, {"DeployId": "0123456789ab"}),
    ("JwtIssuer needs JwtAudience", {"JwtIssuer": "https://id.shop.example"}, OWN_ISSUER),
    ("SignInMailIdentity must be empty", {**OWN_ISSUER, "SignInMailIdentity": IDENTITY}, {"SignInMailIdentity": IDENTITY}),
    (
        "SignInMailIdentity needs MailFrom",
        {"SignInMailIdentity": IDENTITY, "MailFrom": ""},
        {"SignInMailIdentity": IDENTITY},
    ),
    ("SignInDomainPrefix must be empty", {**OWN_ISSUER, **PAGES}, PAGES),
    ("JwtAudience needs JwtIssuer", {"JwtAudience": "shop"}, OWN_ISSUER),
    ("Without JwtIssuer GroupsClaim", {"GroupsClaim": "groups"}, {**OWN_ISSUER, "GroupsClaim": "groups"}),
    ("Without JwtIssuer TokenUse", {"TokenUse": ""}, {**OWN_ISSUER, "TokenUse": ""}),
    ("ConsoleUrl needs SignInDomainPrefix", {"ConsoleUrl": CONSOLE}, {**PAGES, "ConsoleUrl": CONSOLE}),
    (
        "SignInAuthorizeUrl needs JwtIssuer",
        {**ISSUERS_PAGES, "JwtIssuer": "", "JwtAudience": ""},
        ISSUERS_PAGES,
    ),
    ("SignInAuthorizeUrl needs SignInTokenUrl", {**ISSUERS_PAGES, "SignInTokenUrl": ""}, ISSUERS_PAGES),
    ("SignInAuthorizeUrl needs SignInClientId", {**ISSUERS_PAGES, "SignInClientId": ""}, ISSUERS_PAGES),
    ("SignInDomainPrefix needs SignInCallbackUrls", {"SignInDomainPrefix": "tea-shop"}, PAGES),
    ("SignInCallbackUrls needs SignInDomainPrefix", {"SignInCallbackUrls": "https://shop.example"}, PAGES),
    ("CanarySku must be empty", {**OWN_ISSUER, "CanarySku": "TEA-01"}, {"CanarySku": "TEA-01"}),
    ("DemoShop must be false with JwtIssuer", {**OWN_ISSUER, "DemoShop": "true"}, {"DemoShop": "true"}),
    (
        "With StripeLivemode=true the address",
        {"StripeLivemode": "true", "StripeApiBase": "https://stripe.shop.example"},
        {"StripeLivemode": "true"},
    ),
    (
        "With StripeLivemode=true CallbackNetworks",
        {"StripeLivemode": "true", "CallbackNetworks": "any"},
        {"CallbackNetworks": "any"},
    ),
    *(
        (f"Carrier=easypost needs {name}", {**EASYPOST, name: ""}, EASYPOST)
        for name in ("SenderName", "SenderLine1", "SenderCity", "SenderCountry")
    ),
    (
        "Carrier=easypost with a sender in the US or Canada needs SenderRegion",
        {**EASYPOST, "SenderCountry": "US", "SenderPostalCode": "94104"},
        {**EASYPOST, "SenderCountry": "US", "SenderPostalCode": "94104", "SenderRegion": "CA"},
    ),
    (
        "Carrier=easypost with a sender in the US or Canada needs SenderPostalCode",
        {**EASYPOST, "SenderCountry": "CA", "SenderRegion": "ON"},
        {"Carrier": "warehouse", "SenderCountry": "CA"},
    ),
]

# By parameter: what it refuses, what it accepts.
VALUES: dict[str, tuple[list[str], list[str]]] = {
    "CorsOrigins": (
        ["https://shop.example/", "https://a.example, https://b.example", "shop.example", "https://shop.example/page"],
        ["", "*", "https://shop.example", "http://localhost:3000,https://shop.example", "capacitor://localhost"],
    ),
    "StripeApiVersion": (
        ["", "2024-06-20", "2025-02-24.acacia", "2025-03-30.basil", "2025-03-31", "2026-10-28.Endive", "latest"],
        ["2025-03-31.basil", "2025-09-30.clover", "2025-12-15.clover", "2026-10-28.endive", "2031-01-01.next"],
    ),
    "SignInCallbackUrls": (
        ["http://shop.example", "shop.example", "https://a.example, https://b.example", "https://a.example#x"],
        ["", "https://a.example", "https://a.example/in,http://localhost:3000/in", "shopapp://in"],
    ),
    "SignInDomainPrefix": (
        ["Tea", "-tea", "tea-", "my-aws-shop", "cognito", "amazon-tea", "t" * 64, "tea.shop"],
        ["", "t", "tea-shop", "t" * 63],
    ),
    "SignInMailIdentity": (["shop.example", "arn:aws:sns:eu-central-1:123456789012:x"], ["", IDENTITY]),
    "StripeApiBase": (
        ["api.stripe.com", "https://api.stripe.com/", "ftp://x"],
        ["https://api.stripe.com", "http://127.0.0.1:8420"],
    ),
    "StripePublishableKey": (["sk_test_1", "rk_live_1", "pk_1"], ["", "pk_test_1", "pk_live_51Ab"]),
    "LiveEndpoint": (
        ["https://live.example", "ws://live.example", "wss://live.example/", "wss://a.example; script-src *"],
        ["", "wss://live.example", "ws://127.0.0.1:4566/_aws/execute-api"],
    ),
    "MailFrom": (["orders", "orders@", "Shop <orders@shop.example>"], ["", "orders@shop.example"]),
    "SmsCountries": (["ch", "CH;DE", "CH, DE"], ["", "CH", "CH,DE"]),
    "StripeLivemode": (["True", "yes", ""], ["true", "false"]),
    "FunctionTimeout": (["4", "31", "", "ten"], ["5", "30"]),
    "LogRetentionDays": (["2"], ["1", "3653"]),
    "ShopName": ([""], ["Tea & Co"]),
}


class Rules(unittest.TestCase):
    def test_every_sentence_has_values_that_break_it_and_values_that_keep_it(self) -> None:
        sentences = [assertion["AssertDescription"] for rule in TEMPLATE["Rules"].values() for assertion in rule["Assertions"]]
        for sentence in sentences:
            self.assertEqual(len([start for start, _, _ in RULES if sentence.startswith(start)]), 1, sentence)
        self.assertEqual(len(sentences), len(RULES))

    def test_a_combination_that_cannot_work_is_refused_by_its_one_rule(self) -> None:
        for start, breaking, keeping in RULES:
            with self.subTest(start):
                refusals = parameters.refusals(TEMPLATE, {**SHOP, **breaking})
                self.assertEqual([refusal[: len(start)] for refusal in refusals], [start], refusals)
                self.assertEqual(parameters.refusals(TEMPLATE, {**SHOP, **keeping}), [])

    def test_the_defaults_work_with_the_two_addresses(self) -> None:
        self.assertEqual(parameters.refusals(TEMPLATE, SHOP), [])

    def test_values_are_refused_as_the_template_bounds_them(self) -> None:
        for name, (refused, accepted) in VALUES.items():
            for value in refused:
                with self.subTest(name, value=value):
                    found = parameters.refusals({**TEMPLATE, "Rules": {}}, {**SHOP, name: value})
                    self.assertTrue(found and found[0].startswith(f"{name}: "), found)
            for value in accepted:
                with self.subTest(name, value=value):
                    self.assertEqual(parameters.refusals({**TEMPLATE, "Rules": {}}, {**SHOP, name: value}), [])


class Stripe(unittest.TestCase):
    def test_calls_are_pinned_to_the_version_of_the_published_objects_and_of_the_library(self) -> None:
        published = json.loads((ROOT / "tests/contract/stripe/published.json").read_text())
        self.assertEqual(SHOP["StripeApiVersion"], published["api_version"])
        library = published["source"].split(" on ")[0].replace(" ", "==")
        self.assertIn(library, (ROOT / "local/requirements/stack.txt").read_text().splitlines())


class Secrets(unittest.TestCase):
    def test_no_parameter_is_a_secret(self) -> None:
        self.assertEqual([name for name, rules in TEMPLATE["Parameters"].items() if "NoEcho" in rules], [])

    def test_every_secret_is_created_without_a_value_unless_the_stack_makes_it(self) -> None:
        kept = [resource for resource in TEMPLATE["Resources"].values() if resource["Type"] == "AWS::SecretsManager::Secret"]
        self.assertEqual(len(kept), 6)
        for secret in kept:
            properties = dict(secret["Properties"])
            name = properties["Name"]["Fn::Sub"].removeprefix("${AWS::StackName}/")
            generated = properties.pop("GenerateSecretString", None)
            self.assertEqual(generated is not None, name in secret_values.GENERATED, name)
            self.assertEqual(set(properties), {"Name", "Description"})


class Names(unittest.TestCase):
    def test_the_longest_function_name_bounds_the_stacks(self) -> None:
        names = [
            resource["Properties"]["FunctionName"]["Fn::Sub"].removeprefix("${AWS::StackName}")
            for resource in TEMPLATE["Resources"].values()
            if resource["Type"] == "AWS::Serverless::Function"
        ]
        longest = preflight.longest_stack_name(TEMPLATE)
        self.assertEqual(longest + max(map(len, names)), 64)

    def test_another_resources_name_may_bound_it_more(self) -> None:
        bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": "${AWS::StackName}-" + "x" * 40}}}
        self.assertEqual(preflight.longest_stack_name({"Resources": {**TEMPLATE["Resources"], "Records": bucket}}), 22)


class Roles(unittest.TestCase):
    def test_a_function_may_write_to_its_services_log_group_and_make_none(self) -> None:
        for name, function in TEMPLATE["Resources"].items():
            if function["Type"] != "AWS::Serverless::Function":
                continue
            role = TEMPLATE["Resources"][function["Properties"]["Role"]["Fn::GetAtt"][0]]["Properties"]
            self.assertEqual(set(role), {"AssumeRolePolicyDocument", "Policies"}, name)
            (policy,) = role["Policies"]
            logs = [statement for statement in policy["PolicyDocument"]["Statement"] if "logs:" in str(statement)]
            group = function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
            self.assertEqual(
                logs,
                [
                    {
                        "Effect": "Allow",
                        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                        "Resource": {"Fn::GetAtt": [group, "Arn"]},
                    }
                ],
                name,
            )


class Concurrency(unittest.TestCase):
    def test_the_caps_of_all_sources_count(self) -> None:
        def source(**properties: object) -> dict[str, object]:
            return {"Type": "AWS::Lambda::EventSourceMapping", "Properties": properties}

        sources = {
            "Stream": source(StartingPosition="TRIM_HORIZON", ParallelizationFactor=4),
            "Capped": source(ScalingConfig={"MaximumConcurrency": 10}),
            "ByParameter": source(ScalingConfig={"MaximumConcurrency": {"Ref": "AtOnce"}}),
            "Uncapped": source(),
        }
        self.assertEqual(preflight.concurrency({"Resources": sources, "Parameters": {"AtOnce": {"Default": 3}}}), 22)
        self.assertGreater(preflight.concurrency(TEMPLATE), 10)


class File(unittest.TestCase):
    def test_the_sam_cli_reads_every_value_as_it_was_given(self) -> None:
        odd = {"ShopName": 'Tea & "Co" = it\'s läden, 茶', "SmsCountries": "", "SenderName": "A  B", "JwtAudience": "a=b c=d"}
        with tempfile.TemporaryDirectory() as folder:
            config = Samconfig(Path(folder) / "samconfig.toml")
            config.keep("shop", "eu-central-1", odd, {"All": list(odd)})
            config.write()
            again = Samconfig(config.path)
            document = tomlkit.parse(config.path.read_text())
        self.assertEqual(again.parameters(), odd)
        overrides = document["default"]["deploy"]["parameters"]["parameter_overrides"]  # type: ignore[index]
        self.assertEqual(CfnParameterOverridesType().convert(overrides, None, None), odd)

    def test_every_form_of_overrides_is_read(self) -> None:
        forms = (
            'parameter_overrides = "A=1 B=\\"x y\\""',
            'parameter_overrides = ["A=1", "B=\\"x y\\""]',
            'parameter_overrides = "ParameterKey=A,ParameterValue=1 ParameterKey=B,ParameterValue=\\"x y\\""',
            "[default.deploy.parameters.parameter_overrides]\nA = 1\nB = 'x y'",
        )
        for form in forms:
            with self.subTest(form), tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "samconfig.toml"
                path.write_text(f"version = 0.1\n[default.deploy.parameters]\n{form}\n")
                config = Samconfig(path)
                self.assertEqual(config.parameters(), {"A": "1", "B": "x y"})
                config.keep("shop", "eu-central-1", config.parameters(), {"All": ["A", "B"]})
                config.write()
                self.assertEqual(Samconfig(path).parameters(), {"A": "1", "B": "x y"})
