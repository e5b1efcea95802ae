"""What `make bench` measures is complete, and the page in `docs/` is that of the latest results."""

from __future__ import annotations

import json
import unittest

from bench import chart, page, programs, samples

from local import documents
from local.template.function import kebab

TEMPLATE = documents.read_template()


def _measured() -> set[str]:
    """Every function with an HTTP route or a queue."""
    resources = TEMPLATE["Resources"]
    functions = [name for name, resource in resources.items() if resource["Type"] == "AWS::Serverless::Function"]
    answering = documents.routes(TEMPLATE)
    return {kebab(name) for name in functions if name in answering or f"{name}Queue" in resources}


class Speed(unittest.TestCase):
    def test_every_http_and_queue_function_is_measured(self) -> None:
        self.assertEqual(sorted(sample.function for sample in samples.SAMPLES), sorted(_measured()))

    def test_every_sample_has_an_event_a_state_and_an_environment(self) -> None:
        for sample in samples.SAMPLES:
            with self.subTest(sample.name):
                self.assertIsInstance(json.loads(samples.event(sample)), dict)
                self.assertTrue(all({"pk", "sk"} <= item.keys() for item in samples.items(sample)))
                variables = programs.environment(sample.function, TEMPLATE)
                self.assertEqual(variables["FUNCTION_NAME"], sample.function)
                self.assertTrue(all("!" not in value for value in variables.values()), variables)

    def test_each_order_has_a_key_and_a_caller_of_its_own(self) -> None:
        event = samples.event(next(sample for sample in samples.SAMPLES if sample.function == "place-order"))
        self.assertEqual(event.count("@N@"), 2)

    def test_the_references_are_no_functions_of_the_template(self) -> None:
        names = {kebab(name) for name in TEMPLATE["Resources"]}
        self.assertFalse(names & set(programs.REFERENCES))

    def test_the_page_is_that_of_the_latest_results(self) -> None:
        for path, text in page.documents():
            self.assertEqual(path.read_text(), text, f"{path.name} is stale: run `make docs`")

    def test_the_chart_has_a_dot_for_each_program_in_each_panel(self) -> None:
        figures = {"role": "function", "init_cpu": 1_500_000, "warm_cpu": 300_000}
        drawn = chart.draw({"a": figures, "b": {**figures, "role": "peer", "warm_cpu": 30_000_000}})
        self.assertEqual(drawn.count("<circle"), 2 * 2 + 3)  # and three of the legend
        self.assertIn("prefers-color-scheme: dark", drawn)
