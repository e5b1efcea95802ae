"""Expands the types `Conveyor::…Function` of `template/`: each becomes a function of SAM and the resources that its kind needs.

A function may set every property of AWS::Serverless::Function. Its own variables and policies add to those of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..trouble import Trouble
from .document import Items, Map, Tagged, flow

# 6 × the timeout of the function. FunctionTimeout may be up to 30 s.
LONGEST_TIMEOUT = 30
VISIBILITY_TIMEOUTS = 6


def expand(part: Map, service: str) -> None:
    """Replaces each function of ours in a service's part of the template, and adds what it needs."""
    resources = Map()
    part.setdefault("Outputs", Map())
    logs = f"{service.capitalize()}Logs"
    resources[logs] = _resource(
        "AWS::Logs::LogGroup", LogGroupName=_named(service, "/aws/lambda/"), RetentionInDays=_ref("LogRetentionDays")
    )
    for name, resource in part["Resources"].items():
        kind = resource.get("Type", "") if isinstance(resource, dict) else ""
        if not kind.startswith("Conveyor::"):
            resources[name] = resource
            continue
        if kind not in KINDS:
            raise Trouble(f"template/{service}.yaml: {name} is a {kind}, which is none of {', '.join(KINDS)}.")
        function = Function(name, resource["Properties"], logs)
        KINDS[kind](function)
        resources |= function.resources()
        part["Outputs"] |= function.outputs
    part["Resources"] = resources


def fill_in_lists(template: Map) -> None:
    """`!Every DeadLetters`, `!Every DeadLettersArn` and `!Every QueueArn`: what depends on the functions of all services."""
    resources = template["Resources"]
    queues = [name for name, resource in resources.items() if "Type" in resource and resource["Type"] == "AWS::SQS::Queue"]
    owners = [name.removesuffix("DeadLetters") for name in queues if name.endswith("DeadLetters")]
    fed = [owner for owner in owners if f"{owner}Queue" in queues]
    places = [f"{kebab(owner)}=${{{owner}DeadLetters}}" + (f",${{{owner}Queue}}" if owner in fed else "") for owner in owners]
    lists = {
        "DeadLetters": _sub(" ".join(places)),
        "DeadLettersArn": Items(_arn(f"{owner}DeadLetters") for owner in owners),
        "QueueArn": Items(_arn(f"{owner}Queue") for owner in fed),
    }
    _replace_every(template, lists)


def _replace_every(value: Any, lists: dict[str, Any]) -> None:
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(item, Tagged) and item.tag == "!Every":
            value[key] = lists[item.value]
        elif isinstance(item, dict | list):
            _replace_every(item, lists)


class Function:
    """A function that is being made, with what belongs to it."""

    def __init__(self, name: str, properties: Map, logs: str) -> None:
        self.name, self.kebab, self.logs = name, kebab(name), logs
        self.properties = properties
        self.variables = Map(FUNCTION_NAME=self.kebab)
        self.policies = Items()
        self.statements = Items()
        self.beside = Map()
        self.outputs = Map()

    def take(self, name: str, otherwise: Any = None) -> Any:
        """A property that is ours, not SAM's."""
        return self.properties.pop(name, otherwise)

    def add(self, suffix: str, kind: str, **properties: Any) -> None:
        self.beside[f"{self.name}{suffix}"] = _resource(kind, **properties)

    def resources(self) -> Map:
        own = self.properties
        variables = self.variables | own.pop("Environment", Map(Variables=Map()))["Variables"]
        policies = Items([*self.policies, *own.pop("Policies", [])])
        if self.statements:
            if not any("Statement" in policy for policy in policies):
                policies.append(Map(Statement=Items()))
            statements = next(policy["Statement"] for policy in policies if "Statement" in policy)
            statements.extend(self.statements)
        properties = Map(
            FunctionName=_named(self.kebab),
            Description=own.pop("Description"),
            CodeUri=f"target/lambda/{self.kebab}/",
            LoggingConfig=flow(Map(LogGroup=_ref(self.logs))),
            Environment=Map(Variables=variables),
        )
        properties |= {"Policies": policies} if policies else {}
        return Map({self.name: Map(Type="AWS::Serverless::Function", Properties=properties | own)}) | self.beside

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
            _sub(
                f"{self.kebab} has a dead letter: read the reason with"
                f" `make redrive FUNCTION={self.kebab} STACK=${{AWS::StackName}}`, fix the cause, then requeue or discard"
                " it within 14 days."
            ),
            of_queue(f"{self.name}DeadLetters", "ApproximateNumberOfMessagesVisible"),
            Threshold=0,
        )
        self.output("DeadLettersUrl", f"Dead letters of {self.kebab}.", f"{self.name}DeadLetters")

    def may_send_to(self, queue: str) -> None:
        self.policies.append(Map(SQSSendMessagePolicy=flow(Map(QueueName=_att(f"{queue}.QueueName")))))

    def output(self, suffix: str, description: str, resource: str) -> None:
        self.outputs[f"{self.name}{suffix}"] = Map(Description=description, Value=_ref(resource))

    def alarm(self, suffix: str, name: str, description: str | Tagged, metric: Map, **rule: Any) -> None:
        defaults = {"Statistic": "Maximum", "Period": 60, "EvaluationPeriods": 1}
        rules = {"ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching"}
        self.add(
            suffix,
            "AWS::CloudWatch::Alarm",
            AlarmName=_named(f"{self.kebab}-{name}"),
            AlarmDescription=description,
            **metric,
            **{**defaults, **rules, **rule},
            AlarmActions=flow(Items([_ref("AlarmTopic")])),
            OKActions=flow(Items([_ref("AlarmTopic")])),
        )


def signed_in_function(function: Function) -> None:
    function.variables |= {
        "ADMIN_GROUP": _ref("AdminGroupName"),
        "GROUPS_CLAIM": _ref("GroupsClaim"),
        "TOKEN_USE": _ref("TokenUse"),
        "LIMITS_TABLE_NAME": _ref("LimitsTable"),
        "REQUESTS_PER_HOUR": _ref("RequestsPerHour"),
    }
    function.statements.append(_allow("dynamodb:UpdateItem", _arn("LimitsTable")))


def queue_function(function: Function) -> None:
    name = function.name
    queue, dead_letters, policy = f"{name}Queue", f"{name}DeadLetters", f"{name}QueuePolicy"
    subscriptions = function.take("Subscriptions", Map())
    batch_size, concurrency = function.take("BatchSize"), function.take("MaximumConcurrency")
    function.variables |= {
        "QUEUE_URL": _ref(queue),
        "DEAD_LETTER_QUEUE_URL": _ref(dead_letters),
        "GIVE_UP_AFTER_SECONDS": _ref("GiveUpAfterSeconds"),
    }
    function.policies.append(Map(SQSPollerPolicy=flow(Map(QueueName=_att(f"{queue}.QueueName")))))
    function.may_send_to(dead_letters)
    function.add(
        "Queue",
        "AWS::SQS::Queue",
        SqsManagedSseEnabled=True,
        VisibilityTimeout=VISIBILITY_TIMEOUTS * function.properties.get("Timeout", LONGEST_TIMEOUT),
        # 4 days: ends before the 14 of the dead letters, which count from the first send.
        MessageRetentionPeriod=345600,
        # The function gives up by age. This is the last resort only, because waiting for an open breaker costs receives.
        RedrivePolicy=flow(Map(deadLetterTargetArn=_arn(dead_letters), maxReceiveCount=1000)),
    )
    function.alarm(
        "QueueAgeAlarm",
        "queue-age",
        f"Messages wait too long for {function.kebab}: find out in its log lines why it fails, or is throttled, or waits for a"
        " dependency.",
        of_queue(queue, "ApproximateAgeOfOldestMessage"),
        EvaluationPeriods=5,
        Threshold=_ref("QueueAgeAlarmSeconds"),
    )
    source = Map(FunctionName=_ref(name), EventSourceArn=_arn(queue), BatchSize=batch_size)
    if concurrency:
        source["ScalingConfig"] = flow(Map(MaximumConcurrency=concurrency))
    function.add(
        "Source", "AWS::Lambda::EventSourceMapping", **source, FunctionResponseTypes=flow(Items(["ReportBatchItemFailures"]))
    )
    if subscriptions:
        _let_topics_send(function, [f"{topic}Topic" for topic in subscriptions])
    for topic, pattern in subscriptions.items():
        function.add(
            f"From{topic}",
            "AWS::SNS::Subscription",
            TopicArn=_ref(f"{topic}Topic"),
            Protocol="sqs",
            Endpoint=_arn(queue),
            RawMessageDelivery=True,
            **({"FilterPolicy": pattern} if pattern else {}),
            RedrivePolicy=flow(Map(deadLetterTargetArn=_arn(dead_letters))),
        )
        function.beside[f"{name}From{topic}"]["DependsOn"] = policy
    function.output("QueueUrl", f"Queue of {function.kebab}.", queue)
    function.dead_letters()


def _let_topics_send(function: Function, topics: list[str]) -> None:
    """The topics may send to the queue, and what they cannot deliver to its dead letters."""
    queue, dead_letters = f"{function.name}Queue", f"{function.name}DeadLetters"
    statement = Map(
        Effect="Allow",
        Principal=flow(Map(Service="sns.amazonaws.com")),
        Action="sqs:SendMessage",
        Resource=flow(Items([_arn(queue), _arn(dead_letters)])),
        Condition=flow(Map(ArnEquals=flow(Map({"aws:SourceArn": flow(Items(map(_ref, topics)))})))),
    )
    function.add(
        "QueuePolicy",
        "AWS::SQS::QueuePolicy",
        Queues=flow(Items([_ref(queue), _ref(dead_letters)])),
        PolicyDocument=Map(Version="2012-10-17", Statement=Items([statement])),
    )


def stream_function(function: Function) -> None:
    tables, patterns = function.take("Tables"), function.take("Filters")
    function.variables["DEAD_LETTER_QUEUE_URL"] = _ref(f"{function.name}DeadLetters")
    function.may_send_to(f"{function.name}DeadLetters")
    actions = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"]
    streams = [_sub(f"${{{table}Table.Arn}}/stream/*") for table in tables]
    function.statements.append(
        Map(Effect="Allow", Action=flow(Items(actions)), Resource=streams[0] if len(streams) == 1 else Items(streams))
    )
    for table in tables:
        # A source with another logical id would be another source, which reads the stream from its start again.
        function.add(
            "Source" if len(tables) == 1 else f"SourceOf{table}",
            "AWS::Lambda::EventSourceMapping",
            FunctionName=_ref(function.name),
            EventSourceArn=_att(f"{table}Table.StreamArn"),
            StartingPosition="TRIM_HORIZON",
            BatchSize=100,
            ParallelizationFactor=4,
            BisectBatchOnFunctionError=True,
            MaximumRetryAttempts=-1,
            FilterCriteria=Map(Filters=Items(Map(Pattern=pattern) for pattern in patterns)),
        )
    function.dead_letters()
    function.alarm(
        "StreamAgeAlarm",
        "stream-age",
        f"{function.kebab} is behind its stream: find out in its log lines why, because it loses a record that it has not read"
        " within 24 hours.",
        of_function(function, "IteratorAge"),
        EvaluationPeriods=3,
        Threshold=_ref("StreamAgeAlarmMilliseconds"),
    )


def scheduled_function(function: Function) -> None:
    failure, silence = function.take("FailureAlarm"), function.take("SilenceAlarm")
    on_failure = flow(Map(Type="SQS", Destination=_arn(f"{function.name}DeadLetters")))
    function.properties["EventInvokeConfig"]["DestinationConfig"] = flow(Map(OnFailure=on_failure))
    if failure:
        function.alarm("FailureAlarm", "failure", failure, of_function(function, "Errors"), Statistic="Sum", Threshold=0)
    if silence:
        function.alarm(
            "SilenceAlarm",
            "silence",
            silence,
            of_function(function, "Invocations"),
            Statistic="Sum",
            EvaluationPeriods=10,
            ComparisonOperator="LessThanThreshold",
            Threshold=1,
            TreatMissingData="breaching",  # without an invocation the metric has no data
        )
    function.dead_letters()


KINDS: dict[str, Callable[[Function], None]] = {
    "Conveyor::Function": lambda function: None,
    "Conveyor::SignedInFunction": signed_in_function,
    "Conveyor::QueueFunction": queue_function,
    "Conveyor::StreamFunction": stream_function,
    "Conveyor::ScheduledFunction": scheduled_function,
}


def kebab(resource: str) -> str:
    """`TakePayment` becomes `take-payment`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", resource).lower()


def of_queue(queue: str, metric: str) -> Map:
    return _metric("AWS/SQS", metric, "QueueName", _att(f"{queue}.QueueName"))


def of_function(function: Function, metric: str) -> Map:
    return _metric("AWS/Lambda", metric, "FunctionName", _ref(function.name))


def _metric(namespace: str, metric: str, dimension: str, value: Tagged) -> Map:
    dimensions = flow(Items([flow(Map(Name=dimension, Value=value))]))
    return Map(Namespace=namespace, MetricName=metric, Dimensions=dimensions)


def _resource(kind: str, **properties: Any) -> Map:
    return Map(Type=kind, Properties=Map(properties))


def _allow(action: str, resource: Tagged) -> Map:
    return flow(Map(Effect="Allow", Action=action, Resource=resource))


def _named(name: str, prefix: str = "") -> Tagged:
    return _sub(f"{prefix}${{AWS::StackName}}-{name}")


def _ref(name: str) -> Tagged:
    return Tagged("!Ref", name)


def _att(path: str) -> Tagged:
    return Tagged("!GetAtt", path)


def _arn(name: str) -> Tagged:
    return _att(f"{name}.Arn")


def _sub(text: str) -> Tagged:
    return Tagged("!Sub", text)
