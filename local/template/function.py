"""One function of the template while its kind expands it, and short names for CloudFormation's terms."""

from __future__ import annotations

from typing import Any

from ..naming import ALIAS, kebab
from ..trouble import Trouble
from .document import Items, Map, Tagged, flow


class Function:
    """`variables` and `statements` are what its kind adds to its own; `beside` are the resources beside it."""

    def __init__(self, name: str, properties: Map, logs: str) -> None:
        self.name, self.kebab, self.logs = name, kebab(name), logs
        self.properties = properties
        self.variables = Map(FUNCTION_NAME=self.kebab)
        # The service's log group exists. A role that may create log groups would create it again, for a late line after the
        # stack's deletion, and the next deploy would fail.
        self.log_grant = allow(flow(Items(["logs:CreateLogStream", "logs:PutLogEvents"])), arn(logs))
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
        grants = Items([self.log_grant, *self._own_statements(), *self.statements])
        properties = Map(
            FunctionName=named(self.kebab),
            Description=self.take("Description"),
            CodeUri=f"target/lambda/{self.kebab}/",
            # In JSON the platform's own lines have a level: three for each invocation that succeeds would be most of a log. A
            # line of ours that is JSON passes as it is, so the metrics in it are read as before. LogLevel decides about ours.
            LoggingConfig=flow(
                Map(
                    LogGroup=ref(self.logs),
                    LogFormat="JSON",
                    ApplicationLogLevel="TRACE",
                    SystemLogLevel=ref("PlatformLogLevel"),
                )
            ),
            Role=arn(f"{self.name}Role"),
            Environment=Map(Variables=variables),
        )
        function = typed("AWS::Serverless::Function", **properties, **self._deploys(), **own)
        return Map({self.name: function, f"{self.name}Role": _role(grants), **self.beside})

    def _deploys(self) -> dict[str, Any]:
        """Every caller names the alias, which a deploy moves to a new version once the probe accepts that. A new `DeployId`
        makes the version: SAM would make none for a change of a parameter. Of what answers, a part of the callers get the new
        version at first.
        """
        versions = {"AutoPublishAlias": ALIAS, "AutoPublishCodeSha256": ref("DeployId")}
        if self.take_optional("Probed") is False:
            return versions
        answers = any(event["Type"] == "HttpApi" for event in self.properties.get("Events", {}).values())
        preference = Map(
            Enabled=ref("GradualDeploys"),
            Type=ref("CanaryDeploys") if answers else "AllAtOnce",
            Role=arn("DeployRole"),
            Hooks=flow(Map(PreTraffic=ref("ProbeVersion"))),
        )
        if answers:
            preference["Alarms"] = flow(Items([ref("DeployAlarm")]))
        return {**versions, "DeploymentPreference": preference}

    def _own_statements(self) -> Items:
        statements = Items()
        for policy in self.properties.pop("Policies", []):
            if set(policy) != {"Statement"}:
                raise Trouble(f"{self.name} in template/ has a policy that is no list of statements: {', '.join(policy)}.")
            statements.extend(policy["Statement"])
        return statements

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
        self.statements.append(allow("sqs:SendMessage*", arn(queue)))

    def output(self, suffix: str, description: str, resource: str) -> None:
        self.outputs[f"{self.name}{suffix}"] = Map(Description=description, Value=ref(resource))

    def alarm(
        self, suffix: str, name: str, description: str | Tagged, metric: Map, page: str | None = None, **rule: Any
    ) -> None:
        """`page`: its runbook in docs/operations/alarms, if that has another name than the alarm."""
        runbook = f" Runbook: docs/operations/alarms/{page or name}.md"
        defaults = {"Statistic": "Maximum", "Period": 60, "EvaluationPeriods": 1}
        rules = {"ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching"}
        self.add(
            suffix,
            "AWS::CloudWatch::Alarm",
            AlarmName=named(f"{self.kebab}-{name}"),
            AlarmDescription=sub(description.value + runbook) if isinstance(description, Tagged) else description + runbook,
            **metric,
            **{**defaults, **rules, **rule},
            AlarmActions=flow(Items([ref("AlarmTopic")])),
            OKActions=flow(Items([ref("AlarmTopic")])),
        )


def alias(function: str) -> Tagged:
    """The ARN of what deploys move: as a reference, SAM resolves it."""
    return ref(f"{function}.Alias")


def of_queue(queue: str, metric: str) -> Map:
    return _metric("AWS/SQS", metric, QueueName=att(f"{queue}.QueueName"))


def of_function(function: Function, metric: str) -> Map:
    return _metric("AWS/Lambda", metric, FunctionName=ref(function.name))


def of_log(function: Function, metric: str, **fields: str) -> Map:
    """A metric of the function's log lines, by the stack, the function and further fields: shared/runtime/src/telemetry.rs."""
    return _metric("Conveyor", metric, stack=ref("AWS::StackName"), function=function.kebab, **fields)


def _metric(namespace: str, metric: str, **dimensions: str | Tagged) -> Map:
    by = flow(Items(flow(Map(Name=name, Value=value)) for name, value in dimensions.items()))
    return Map(Namespace=namespace, MetricName=metric, Dimensions=by)


def typed(kind: str, **properties: Any) -> Map:
    return Map(Type=kind, Properties=Map(properties))


def _role(statements: Items) -> Map:
    """A role of the function's own. The one that SAM would make has Lambda's managed policy, with grants on every log group."""
    trust = flow(Map(Effect="Allow", Principal=flow(Map(Service="lambda.amazonaws.com")), Action="sts:AssumeRole"))
    grants = Map(PolicyName="grants", PolicyDocument=Map(Version="2012-10-17", Statement=statements))
    return typed(
        "AWS::IAM::Role",
        AssumeRolePolicyDocument=flow(Map(Version="2012-10-17", Statement=flow(Items([trust])))),
        Policies=Items([grants]),
    )


def allow(action: str | Items, resource: Tagged | Items) -> Map:
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
