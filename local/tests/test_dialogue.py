"""`make deploy` on a terminal, up to the credentials that a newcomer lacks."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import tomlkit

from ..settings import ROOT
from .terminal import Terminal, without_account

ANSWERS = (
    ("STACK [conveyor]: ", ""),
    ("REGION [us-east-1]: ", "eu-central-1"),
    ("ALARM_EMAIL: ", "ops@shop.example"),
    ("MAIL_FROM: ", "orders@shop.example"),
    ("STRIPE_MODE [test]: ", ""),
)
PROMPTS = [prompt for prompt, _ in ANSWERS]


class Dialogue(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.config = self.folder / "samconfig.toml"

    def terminal(self, *arguments: str, **variables: str) -> Terminal:
        return Terminal(["deploy", "--config", str(self.config), *arguments], {**without_account(self.folder), **variables})

    def written(self) -> dict[str, str]:
        document = tomlkit.parse(self.config.read_text()).unwrap()
        return document["default"]["deploy"]["parameters"]["parameter_overrides"]

    def common(self) -> dict[str, str]:
        return tomlkit.parse(self.config.read_text()).unwrap()["default"]["global"]["parameters"]

    def assert_nothing_written(self) -> None:
        self.assertEqual([path.name for path in self.folder.iterdir()], [])

    def test_five_answers_reach_the_missing_credentials(self) -> None:
        with self.terminal() as terminal:
            for prompt, answer in ANSWERS:
                terminal.answer(prompt, answer)
            self.assertEqual(terminal.ended(), 1)
        self.assertIn("No usable AWS credentials", terminal.shown)
        self.assertNotIn("compiling", terminal.shown)
        self.assertNotIn("Traceback", terminal.shown)
        self.assertEqual(self.common()["stack_name"], "conveyor")
        self.assertEqual(self.common()["region"], "eu-central-1")
        self.assertEqual(self.written()["AlarmEmail"], "ops@shop.example")
        self.assertEqual(self.written()["MailFrom"], "orders@shop.example")
        self.assertEqual(self.written()["StripeLivemode"], "false")

    def test_an_answer_that_is_not_valid_is_asked_again_with_the_reason(self) -> None:
        refused = (
            ("STACK [conveyor]: ", "1st", "begins with a letter"),
            ("STACK [conveyor]: ", "shop one", "begins with a letter"),
            ("STACK [conveyor]: ", "läden", "begins with a letter"),
            ("STACK [conveyor]: ", b"\xff\xfe\n", "begins with a letter"),
            ("STACK [conveyor]: ", b"\x1b[A\x1b[D\n", "begins with a letter"),
            ("STACK [conveyor]: ", "AWS-shop", "begin with aws or ssm"),
            ("STACK [conveyor]: ", "s" * 44, "at most 43"),
            ("STACK [conveyor]: ", "s" * 3000, "at most 43"),
            ("STACK [conveyor]: ", "s" * 43, ""),
            ("REGION [us-east-1]: ", "eu-centrl-1", "eu-central-1"),
            ("REGION [us-east-1]: ", "?", "eu-central-1"),
            ("REGION [us-east-1]: ", "EU-CENTRAL-1", ""),
            ("ALARM_EMAIL: ", "", "no default"),
            ("ALARM_EMAIL: ", "   ", "no default"),
            ("ALARM_EMAIL: ", "ops", "not an email address"),
            ("ALARM_EMAIL: ", "ops@shop", "not an email address"),
            ("ALARM_EMAIL: ", "ops@@shop.example", "not an email address"),
            ("ALARM_EMAIL: ", "ops@läden.example", "not an email address"),
            ("ALARM_EMAIL: ", f"{'a' * 300}@shop.example", "not an email address"),
            ("ALARM_EMAIL: ", "  ops@shop.example  ", ""),
            ("MAIL_FROM: ", "Shop <orders@shop.example>", "not an email address"),
            ("MAIL_FROM: ", "orders@shop.example", ""),
            ("STRIPE_MODE [test]: ", "prod", "one of test, live"),
            ("STRIPE_MODE [test]: ", "LIVE", ""),
        )
        with self.terminal() as terminal:
            for prompt, answer, reason in refused:
                terminal.answer(prompt, answer)
                terminal.expect(reason)
            self.assertEqual(terminal.ended(), 1)
        self.assertIn("No usable AWS credentials", terminal.shown)
        self.assertEqual(self.common(), {**self.common(), "stack_name": "s" * 43, "region": "eu-central-1"})
        self.assertEqual(self.written()["AlarmEmail"], "ops@shop.example")
        self.assertEqual(self.written()["StripeLivemode"], "true")

    def test_ctrl_c_at_any_question_writes_nothing(self) -> None:
        for stop in range(len(ANSWERS)):
            with self.subTest(question=PROMPTS[stop]), self.terminal() as terminal:
                for prompt, answer in ANSWERS[:stop]:
                    terminal.answer(prompt, answer)
                terminal.answer(PROMPTS[stop], b"half an answer\x03")
                self.assertEqual(terminal.ended(), 130)
                self.assertIn("Stopped. Nothing was written and nothing was deployed.", terminal.shown)
                self.assertNotIn("Traceback", terminal.shown)
                self.assert_nothing_written()

    def test_the_end_of_the_input_at_any_question_writes_nothing(self) -> None:
        for stop, typed in enumerate([b"\x04", b"eu\x04\x04", b"\x04", b"orders@shop.example\x04\x04", b"\x04"]):
            with self.subTest(question=PROMPTS[stop]), self.terminal() as terminal:
                for prompt, answer in ANSWERS[:stop]:
                    terminal.answer(prompt, answer)
                terminal.answer(PROMPTS[stop], typed)
                self.assertEqual(terminal.ended(), 1)
                self.assertIn("The input ended before the answer did. Nothing was written", terminal.shown)
                self.assertNotIn("Traceback", terminal.shown)
                self.assert_nothing_written()

    def test_a_resized_terminal_and_answers_typed_ahead_change_nothing(self) -> None:
        with self.terminal() as terminal:
            terminal.expect(PROMPTS[0])
            terminal.resize(10, 20)
            terminal.type("sho")
            terminal.resize(50, 200)
            terminal.type("x\x7fp\n\nops@shop.example\norders@shop.example\nlive\n")
            self.assertEqual(terminal.ended(), 1)
        self.assertIn("No usable AWS credentials", terminal.shown)
        self.assertEqual((self.common()["stack_name"], self.common()["region"]), ("shop", "us-east-1"))

    def test_given_answers_are_not_asked_and_the_shell_names_the_region(self) -> None:
        with self.terminal(ALARM_EMAIL="ops@shop.example", STACK="shop", AWS_REGION="eu-west-1") as terminal:
            terminal.answer("REGION [eu-west-1]: ", "")
            terminal.answer("MAIL_FROM: ", "orders@shop.example")
            terminal.answer("STRIPE_MODE [test]: ", "")
            self.assertEqual(terminal.ended(), 1)
        self.assertNotIn("STACK [", terminal.shown)
        self.assertNotIn("ALARM_EMAIL:", terminal.shown)
        self.assertEqual((self.common()["stack_name"], self.common()["region"]), ("shop", "eu-west-1"))

    def test_the_last_answers_are_the_next_defaults_and_the_rest_of_the_file_stays(self) -> None:
        self.config.write_text(
            "# our own comment\nversion = 0.1\n[default.deploy.parameters]\n"
            'stack_name = "shop"\nregion = "eu-north-1"\nconfirm_changeset = true\n'
            'parameter_overrides = "ShopName=\\"Tea & Co\\" AlarmEmail=ops@tea.example StripeLivemode=true Gone=1"\n'
        )
        with self.terminal() as terminal:
            for prompt in ("STACK [shop]: ", "REGION [eu-north-1]: ", "ALARM_EMAIL [ops@tea.example]: "):
                terminal.answer(prompt, "")
            terminal.answer("MAIL_FROM: ", "orders@tea.example")
            terminal.answer("STRIPE_MODE [live]: ", "")
            self.assertEqual(terminal.ended(), 1)
        self.assertIn("the template has no longer: Gone", terminal.shown)
        text = self.config.read_text()
        self.assertIn("# our own comment", text)
        self.assertIn("confirm_changeset = true", text)
        self.assertEqual(self.written()["ShopName"], "Tea & Co")
        self.assertEqual(self.written()["StripeLivemode"], "true")
        self.assertNotIn("Gone", self.written())

    def test_a_combination_that_cannot_work_is_refused_before_anything_is_compiled(self) -> None:
        self.config.write_text('[default.deploy.parameters.parameter_overrides]\nJwtIssuer = "https://id.shop.example"\n')
        with self.terminal() as terminal:
            for prompt, answer in ANSWERS:
                terminal.answer(prompt, answer)
            self.assertEqual(terminal.ended(), 1)
        self.assertIn("JwtIssuer needs JwtAudience", terminal.shown)
        self.assertNotIn("credentials", terminal.shown)

    def test_a_file_that_cannot_be_read_is_named_and_kept(self) -> None:
        self.config.write_text("[default\n")
        with self.terminal() as terminal:
            self.assertEqual(terminal.ended(), 1)
        self.assertIn("samconfig.toml cannot be read", terminal.shown)
        self.assertEqual(self.config.read_text(), "[default\n")

    def without_terminal(self, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "local", "deploy", "--config", str(self.config)],
            cwd=ROOT,
            env={**without_account(self.folder), **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def test_without_a_terminal_every_missing_variable_is_named(self) -> None:
        done = self.without_terminal(STACK="shop")
        self.assertEqual(done.returncode, 1)
        self.assertIn("ALARM_EMAIL=… MAIL_FROM=…", done.stderr)
        self.assert_nothing_written()

    def test_without_a_terminal_given_answers_suffice_and_a_wrong_one_is_named(self) -> None:
        right = {"ALARM_EMAIL": "ops@shop.example", "MAIL_FROM": "orders@shop.example"}
        done = self.without_terminal(**right, STRIPE_MODE="prod")
        self.assertIn("STRIPE_MODE is set to a value that is not valid. Answer one of test, live.", done.stderr)
        self.assert_nothing_written()
        done = self.without_terminal(**right)
        self.assertIn("No usable AWS credentials", done.stderr)
        self.assertEqual(done.returncode, 1)

    def test_an_operators_command_takes_the_region_of_the_shell_and_names_a_missing_one(self) -> None:
        account = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
        for command in (["secrets", "--stack", "shop"], ["redrive", "--stack", "shop", "--function", "take-payment"]):
            for region, shown in (({}, "No AWS region is set"), ({"AWS_REGION": "eu-west-1"}, "AWS was not reached")):
                with self.subTest(command, region=region):
                    environment = {**without_account(self.folder), **account, **region, "AWS_MAX_ATTEMPTS": "1"}
                    done = subprocess.run(
                        [sys.executable, "-m", "local", *command], cwd=ROOT, env=environment, capture_output=True, text=True
                    )
                    self.assertEqual(done.returncode, 1)
                    self.assertIn(shown, done.stderr)

    def test_a_profile_that_does_not_exist_is_named(self) -> None:
        done = self.without_terminal(ALARM_EMAIL="ops@shop.example", MAIL_FROM="o@shop.example", AWS_PROFILE="nowhere")
        self.assertEqual(done.returncode, 1)
        self.assertIn("nowhere", done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_a_file_that_cannot_be_written_is_named(self) -> None:
        (self.folder / "samconfig.toml.new").mkdir()
        done = self.without_terminal(ALARM_EMAIL="ops@shop.example", MAIL_FROM="o@shop.example")
        self.assertIn("samconfig.toml cannot be written", done.stderr)
