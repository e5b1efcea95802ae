"""One function of the template while its kind expands it, and short names for CloudFormation's terms."""

from __future__ import annotations

import re
from typing import Any

from ..trouble import Trouble
from .document import Items, Map, Tagged, flow


class Function:
    """`variables`, `policies` and `statements` are what its kind adds to its own; `beside` are the resources beside it."""

    def __init__(self, name: str, properties: Map, logs: str) -> None:
        self.name, self.kebab, self.logs = name, kebab(name), logs
        self.properties = properties
        self.variables = Map(FUNCTION_NAME=self.kebab)
        self.policies = Items()
        self.statements = Items()
        self.beside = Map()
        self.outputs = Map()

    def take(self, name: str) -> Any:
        """A property that its kind adds to SAM's, and requires."""
        if name not in self.properties:
            raise Trouble(f"{self.name} in template/ lacks the property {name}.")
        return self.properties.pop(name)

    def take_optional(self, name: str) -> Any:
        return self.properties.pop(name, None)

    def add(self, suffix: str, kind: str, **properties: Any) -> None:
        self.beside[f"{self.name}{suffix}"] = typed(kind, **properties)

    def resources(self) -> Map:
        own = self.properties
        variables = Map({**self.variables, **own.pop("Environment", {"Variables": {}})["Variables"]})
        policies = Items([*self.policies, *own.pop("Policies", [])])
        if self.statements:
            if not any("Statement" in policy for policy in policies):
                policies.append(Map(Statement=Items()))
            statements = next(policy["Statement"] for policy in policies if "Statement" in policy)
            statements.extend(self.statements)
        properties = Map(
            FunctionName=named(self.kebab),
            Description=self.take("Description"),
            CodeUri=f"target/lambda/{self.kebab}/",
            LoggingConfig=flow(Map(LogGroup=ref(self.logs))),
            Environment=Map(Variables=variables),
        )
        if policies:
            properties["Policies"] = policies
        function = typed("AWS::Serverless::Function", **properties, **own)
        return Map({self.name: function, **self.beside})

    def dead_letters(self) -> None:
        self.add(
            "DeadLetters",
            "AWS::SQS::Queue",
            SqsManagedSseEnabled=True,
            MessageRetentionPeriod=1209600,  # 14 days, the longest that SQS allows
        )
        self.alarm(
            "DeadLettersAlarm",
            "dead-letters",
            sub(
                f"{self.kebab} has a dead letter: read the reason with"
                f" `make redrive FUNCTION={self.kebab} STACK=${{AWS::StackName}}`, fix the cause, then requeue or discard"
                " it within 14 days."
            ),
            of_queue(f"{self.name}DeadLetters", "ApproximateNumberOfMessagesVisible"),
            Threshold=0,
        )
        self.output("DeadLettersUrl", f"Dead letters of {self.kebab}.", f"{self.name}DeadLetters")

    def may_send_to(self, queue: str) -> None:
        self.policies.append(Map(SQSSendMessagePolicy=flow(Map(QueueName=att(f"{queue}.QueueName")))))

    def output(self, suffix: str, description: str, resource: str) -> None:
        self.outputs[f"{self.name}{suffix}"] = Map(Description=description, Value=ref(resource))

    def alarm(self, suffix: str, name: str, description: str | Tagged, metric: Map, **rule: Any) -> None:
        defaults = {"Statistic": "Maximum", "Period": 60, "EvaluationPeriods": 1}
        rules = {"ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching"}
        self.add(
            suffix,
            "AWS::CloudWatch::Alarm",
            AlarmName=named(f"{self.kebab}-{name}"),
            AlarmDescription=description,
            **metric,
            **{**defaults, **rules, **rule},
            AlarmActions=flow(Items([ref("AlarmTopic")])),
            OKActions=flow(Items([ref("AlarmTopic")])),
        )


def kebab(resource: str) -> str:
    """`TakePayment` becomes `take-payment`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", resource).lower()


def of_queue(queue: str, metric: str) -> Map:
    return _metric("AWS/SQS", metric, "QueueName", att(f"{queue}.QueueName"))


def of_function(function: Function, metric: str) -> Map:
    return _metric("AWS/Lambda", metric, "FunctionName", ref(function.name))


def _metric(namespace: str, metric: str, dimension: str, value: Tagged) -> Map:
    dimensions = flow(Items([flow(Map(Name=dimension, Value=value))]))
    return Map(Namespace=namespace, MetricName=metric, Dimensions=dimensions)


def typed(kind: str, **properties: Any) -> Map:
    return Map(Type=kind, Properties=Map(properties))


def allow(action: str, resource: Tagged) -> Map:
    return flow(Map(Effect="Allow", Action=action, Resource=resource))


def named(name: str, prefix: str = "") -> Tagged:
    return sub(f"{prefix}${{AWS::StackName}}-{name}")


def ref(name: str) -> Tagged:
    return Tagged("!Ref", name)


def att(path: str) -> Tagged:
    return Tagged("!GetAtt", path)


def arn(name: str) -> Tagged:
    return att(f"{name}.Arn")


def sub(text: str) -> Tagged:
    return Tagged("!Sub", text)
