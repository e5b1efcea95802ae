"""The alarms on the objectives: silent where no person is needed, in time where one is, and the same in the template."""

from __future__ import annotations

import re
import unittest
from pathlib import Path
from typing import Any

from .. import documents, objectives
from ..objectives import SPEEDS, WINDOWS
from ..settings import NESTED

SERIES = Path(__file__).parent / "series"
TEMPLATE = documents.read_template(NESTED)
# The objectives: the alarms' name, and the metrics of failures and of all.
OBJECTIVES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "api": (
        {"Namespace": "AWS/ApiGateway", "MetricName": "5xx", "Dimensions": [{"Name": "ApiId", "Value": {"Ref": "Api"}}]},
        {"Namespace": "AWS/ApiGateway", "MetricName": "Count", "Dimensions": [{"Name": "ApiId", "Value": {"Ref": "Api"}}]},
    ),
    "orders": (
        {
            "Namespace": "Conveyor",
            "MetricName": "OrderUnsettled",
            "Dimensions": [{"Name": "stack", "Value": {"Ref": "Stack"}}],
        },
        {
            "Namespace": "AWS/Lambda",
            "MetricName": "Invocations",
            "Dimensions": [{"Name": "FunctionName", "Value": {"Ref": "PlaceOrder"}}],
        },
    ),
}


def pages(name: str) -> list[tuple[int, str]]:
    return objectives.pages(objectives.read((SERIES / f"{name}.txt").read_text().splitlines()))


class Simulated(unittest.TestCase):
    def test_one_failure_an_hour_at_twenty_requests_an_hour_never_pages(self) -> None:
        lines = (SERIES / "one-failure-an-hour.txt").read_text().splitlines()
        series = objectives.read(lines)
        self.assertEqual(len(series), 7 * 24 * 60)
        self.assertEqual(sum(minute.total for minute in series), 7 * 24 * 20)
        self.assertEqual(sum(minute.failed for minute in series), 7 * 24)
        self.assertEqual(objectives.pages(series), [])
        self.assertEqual(pages("two-failures-close-together"), [])

    def test_a_full_outage_pages_within_five_minutes(self) -> None:
        for name in ("full-outage", "outage-of-a-small-shop"):
            minute, speed = pages(name)[0]
            self.assertEqual(speed, "fast", name)
            self.assertLessEqual(minute - 1440, 5, name)

    def test_orders_that_are_never_paid_page_within_five_minutes_of_the_first_late_one(self) -> None:
        minute, speed = pages("orders-of-a-stopped-payment")[0]
        self.assertEqual(speed, "fast")
        self.assertLessEqual(minute - 1485, 5)

    def test_a_slow_loss_pages_by_the_slow_windows_and_the_budgets_own_pace_never(self) -> None:
        calls = pages("one-percent")
        self.assertEqual([speed for _, speed in calls], ["slow"])
        self.assertLess(calls[0][0] - 1440, 4 * 60)
        self.assertEqual(pages("half-a-percent"), [], "at five times the budget's pace a month's budget lasts six days")
        self.assertEqual(pages("a-quiet-night"), [])

    def test_a_burst_pages_at_once_and_not_again_after_its_end(self) -> None:
        calls = pages("a-burst-that-ended")
        self.assertEqual([speed for _, speed in calls], ["fast"])
        self.assertLessEqual(calls[0][0] - 1440, 5)

    def test_every_series_is_read(self) -> None:
        for path in SERIES.glob("*.txt"):
            self.assertGreaterEqual(len(objectives.read(path.read_text().splitlines())), 1440, path.name)


class Template(unittest.TestCase):
    def test_the_windows_have_the_simulators_numbers(self) -> None:
        expected = {
            name: {"Seconds": window.minutes * 60, "Ratio": window.ratio, "Failures": window.failures}
            for name, window in WINDOWS.items()
        }
        self.assertEqual(TEMPLATE["Mappings"]["Windows"], expected)

    def test_each_objective_has_an_alarm_for_each_window_as_the_simulator_evaluates_it(self) -> None:
        for objective, (failures, total) in OBJECTIVES.items():
            for name in WINDOWS:
                alarm = self.alarm(f"slo-{objective}-{name}")
                self.assertEqual(alarm["Threshold"], {"Fn::FindInMap": ["Windows", name, "Ratio"]})
                self.assertEqual((alarm["EvaluationPeriods"], alarm["ComparisonOperator"]), (1, "GreaterThanThreshold"))
                self.assertFalse(alarm["ActionsEnabled"])
                by_id = {metric["Id"]: metric for metric in alarm["Metrics"]}
                expression, least = by_id["ratio"]["Expression"]["Fn::Sub"]
                self.assertEqual(expression, "IF(FILL(failures, 0) >= ${Least}, FILL(failures, 0) / FILL(total, 1), 0)")
                self.assertEqual(least, {"Least": {"Fn::FindInMap": ["Windows", name, "Failures"]}})
                for metric_id, metric in (("failures", failures), ("total", total)):
                    statistic = by_id[metric_id]["MetricStat"]
                    self.assertEqual(statistic["Metric"], metric)
                    self.assertEqual(statistic["Period"], {"Fn::FindInMap": ["Windows", name, "Seconds"]})
                    self.assertEqual(statistic["Stat"], "Sum")

    def test_a_speed_rings_if_both_of_its_windows_are_on(self) -> None:
        for objective in OBJECTIVES:
            for speed in SPEEDS:
                alarm = self.alarm(f"slo-{objective}-{speed}")
                named = f"${{Stack}}-slo-{objective}-{speed}"
                self.assertEqual(alarm["AlarmRule"], {"Fn::Sub": f'ALARM("{named}-long") AND ALARM("{named}-short")'})
                self.assertEqual(alarm["AlarmActions"], [{"Ref": "AlarmTopic"}])

    def test_they_are_off_where_a_parameter_says_so(self) -> None:
        of_objectives = {
            name: resource["Condition"]
            for name, resource in TEMPLATE["Resources"].items()
            if re.match("(Api|Orders)Objective", name)
        }
        self.assertEqual(set(of_objectives.values()), {"HasBurnRateAlarms"})
        self.assertEqual(len(of_objectives), len(OBJECTIVES) * (len(WINDOWS) + len(SPEEDS)))

    def alarm(self, name: str) -> dict[str, Any]:
        named = {"Fn::Sub": f"${{Stack}}-{name}"}
        (found,) = (
            resource["Properties"]
            for resource in TEMPLATE["Resources"].values()
            if resource["Properties"].get("AlarmName") == named
        )
        return found
