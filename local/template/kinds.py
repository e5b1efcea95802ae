"""Expands the types `Conveyor::…Function` of `template/`: each becomes a function of SAM and the resources that its kind needs.

A function may set every property of AWS::Serverless::Function. Its own variables and policies add to those of its kind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..naming import kebab
from ..trouble import Trouble
from .document import Items, Map, Tagged, flow
from .function import Function, alias, allow, arn, att, named, of_function, of_log, of_queue, ref, sub, typed

# Every reader of a stream gets the heartbeats of its tables, whatever else it reads: shared/runtime/src/heartbeat.rs.
HEARTBEATS = '{"eventName":["INSERT"],"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"heartbeat#"}]}}}}'
# The variable of the functions that handle orders, and record of which one they dead-letter a message.
LETTERS = "LETTERS_TABLE_NAME"
# A message waits at most 15 minutes between two deliveries, and each that fails late counts once.
RETRIES_COUNT_FOR = 20
# Seconds that a queue function may take, unless it has a timeout of its own.
QUEUE_FUNCTION_TIMEOUT = 10
# A message is hidden from its receipt until this long after the function's timeout, so it may wait so long for its invocation
# without a duplicate. docs/decisions/a-crash-delays-a-message-by-one-timeout.md says why it is not six timeouts. The
# time in which a batch is collected comes on top.
VISIBILITY_MARGIN = 5
# Seconds for which a hint is of use: by then its receiver has read what it hints at.
HINT_LASTS = 300
# A hint that fails for longer than so many seconds is worth a look.
HINT_IS_LATE = 60
# What an event source needs on its queue. The emulator checks the batches as actions of their own.
RECEIVE = (
    "ReceiveMessage",
    "DeleteMessage",
    "DeleteMessageBatch",
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
    "GetQueueAttributes",
)
# A stream keeps a record for 24 hours, and a reader gives one up at 19 hours. Later only the event source can.
LONGEST_RECORD_AGE = 21 * 60 * 60
# A day longer than the dead letter that names the batch.
FAILED_BATCHES_DAYS = 15


def expand(part: Map, service: str) -> None:
    """Replaces each `Conveyor::…Function` in a service's part of the template, and adds the service's log group."""
    resources = Map()
    part.setdefault("Outputs", Map())
    logs = f"{service.capitalize()}Logs"
    resources[logs] = typed(
        "AWS::Logs::LogGroup", LogGroupName=named(service, "/aws/lambda/"), RetentionInDays=ref("LogRetentionDays")
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
        errors_alarm(function)
        resources |= function.resources()
        part["Outputs"] |= function.outputs
    part["Resources"] = resources


def fill_in_lists(template: Map) -> None:
    """`!Every DeadLetters`, `!Every ConsumerQueue`, `!Every QueueArn`, …: what depends on the functions of all services."""
    resources = template["Resources"]
    queues = [name for name, resource in resources.items() if "Type" in resource and resource["Type"] == "AWS::SQS::Queue"]
    owners = [name.removesuffix("DeadLetters") for name in queues if name.endswith("DeadLetters")]
    fed = [owner for owner in owners if f"{owner}Queue" in queues]
    readers = [owner for owner in owners if f"{owner}FailedBatches" in resources]
    of_orders = [owner for owner in owners if LETTERS in resources[owner]["Properties"]["Environment"]["Variables"]]
    # Topics send to the queues that have a policy. Other queues hold no events.
    consumers = [owner for owner in fed if f"{owner}QueuePolicy" in resources]
    places = [f"{kebab(owner)}=${{{owner}DeadLetters}}" + (f",${{{owner}Queue}}" if owner in fed else "") for owner in owners]
    lists = {
        "DeadLetters": sub(" ".join(places)),
        "DeadLettersOfOrders": sub(" ".join(f"{kebab(owner)}=${{{owner}DeadLetters}}" for owner in of_orders)),
        "DeadLettersOfOrdersArn": Items(arn(f"{owner}DeadLetters") for owner in of_orders),
        "DeadLettersArn": Items(arn(f"{owner}DeadLetters") for owner in owners),
        "Queue": sub(" ".join(f"{kebab(owner)}=${{{owner}Queue}}" for owner in fed)),
        "ConsumerQueue": sub(" ".join(f"{kebab(owner)}=${{{owner}Queue}}" for owner in consumers)),
        "ConsumerQueueArn": Items(arn(f"{owner}Queue") for owner in consumers),
        "QueueArn": Items(arn(f"{owner}Queue") for owner in fed),
        # The emulator judges a call of the alias by the function.
        "ReaderArn": Items(named for owner in readers for named in (alias(owner), arn(owner))),
        "FailedBatchesArn": Items(arn(f"{owner}FailedBatches") for owner in readers),
        "FailedBatch": Items(failed_batches_of(owner) for owner in readers),
    }
    _replace_every(template, lists)


def _replace_every(value: Any, lists: dict[str, Any]) -> None:
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(item, Tagged) and item.tag == "!Every":
            if item.value not in lists:
                raise Trouble(f"template/ has !Every {item.value}, which is none of {', '.join(lists)}.")
            value[key] = lists[item.value]
        elif isinstance(item, dict | list):
            _replace_every(item, lists)


def errors_alarm(function: Function) -> None:
    """Crashes, time-outs and failed starts: what the function itself cannot report. A schedule may have its own alarm."""
    if f"{function.name}FailureAlarm" in function.beside:
        return
    function.alarm(
        "ErrorsAlarm",
        "errors",
        f"{function.kebab} fails: its log lines of the level ERROR say why, or the line in which the platform reports a"
        " crash, a time-out or a failed start.",
        of_function(function, "Errors"),
        Statistic="Sum",
        EvaluationPeriods=10,
        DatapointsToAlarm=2,
        Threshold=0,
    )


def signed_in_function(function: Function) -> None:
    function.variables |= {
        "ADMIN_GROUP": ref("AdminGroupName"),
        "STAFF_GROUP": ref("StaffGroupName"),
        "VIEWER_GROUP": ref("ViewerGroupName"),
        "GROUPS_CLAIM": ref("GroupsClaim"),
        "TOKEN_USE": ref("TokenUse"),
        "LIMITS_TABLE_NAME": ref("LimitsTable"),
        "REQUESTS_PER_HOUR": ref("RequestsPerHour"),
        "ADMIN_REQUESTS_PER_HOUR": ref("AdminRequestsPerHour"),
    }
    function.statements.append(allow("dynamodb:UpdateItem", arn("LimitsTable")))
    # What an operator has changed: shared/runtime/src/http/changed_limits.rs.
    keys = flow(Map({"dynamodb:LeadingKeys": flow(Items(["limits"]))}))
    condition = flow(Map({"ForAllValues:StringEquals": keys}))
    function.statements.append(
        flow(Map(Effect="Allow", Action="dynamodb:GetItem", Resource=arn("LimitsTable"), Condition=condition))
    )


def queue_function(function: Function) -> None:
    name = function.name
    queue, dead_letters = f"{name}Queue", f"{name}DeadLetters"
    subscriptions = function.take("Subscriptions")
    _queue(
        function,
        # 4 days: ends before the 14 of the dead letters, which count from the first send.
        MessageRetentionPeriod=345600,
        # The function gives up by age. This is the last resort only, because waiting for an open breaker costs receives.
        RedrivePolicy=flow(Map(deadLetterTargetArn=arn(dead_letters), maxReceiveCount=1000)),
    )
    function.variables["DEAD_LETTER_QUEUE_URL"] = ref(dead_letters)
    function.variables["GIVE_UP_AFTER_SECONDS"] = ref("GiveUpAfterSeconds")
    function.may_send_to(dead_letters)
    if set(subscriptions) - {"Catalog"}:
        _records_letters(function)
    function.alarm(
        "QueueAgeAlarm",
        "queue-age",
        f"Messages wait too long for {function.kebab}: find out in its log lines why it fails, or is throttled, or waits for a"
        " dependency.",
        of_queue(queue, "ApproximateAgeOfOldestMessage"),
        EvaluationPeriods=5,
        Threshold=ref("QueueAgeAlarmSeconds"),
    )
    function.alarm(
        "RetryAgeAlarm",
        "retry-age",
        f"Messages of {function.kebab} fail again and again for a long time: its log lines with failure = retry say why. After"
        " GiveUpAfterSeconds they are dead-lettered.",
        of_log(function, "RetriedMessageAge"),
        EvaluationPeriods=RETRIES_COUNT_FOR,
        DatapointsToAlarm=1,
        Threshold=ref("QueueAgeAlarmSeconds"),
    )
    _source(function)
    _subscriptions(function, subscriptions, dead_letters)
    function.output("QueueUrl", f"Queue of {function.kebab}.", queue)
    function.dead_letters()


def hint_function(function: Function) -> None:
    """Its messages are of no use after minutes, so none is dead-lettered: docs/decisions/a-hint-has-no-dead-letter.md."""
    _queue(function, MessageRetentionPeriod=HINT_LASTS)
    function.variables["GIVE_UP_AFTER_SECONDS"] = str(HINT_LASTS)
    function.alarm(
        "RetryAgeAlarm",
        "retry-age",
        f"Messages of {function.kebab} fail again and again: its log lines with failure = retry say why. After {HINT_LASTS}"
        " seconds they are dropped.",
        of_log(function, "RetriedMessageAge"),
        EvaluationPeriods=5,
        DatapointsToAlarm=2,
        Threshold=HINT_IS_LATE,
    )
    _source(function)
    _subscriptions(function, function.take("Subscriptions"), None)
    function.output("QueueUrl", f"Queue of {function.kebab}.", f"{function.name}Queue")


def _queue(function: Function, **of_queue: Any) -> None:
    """The queue that feeds the function."""
    queue = f"{function.name}Queue"
    timeout = function.properties.setdefault("Timeout", QUEUE_FUNCTION_TIMEOUT)
    window = function.properties.get("BatchWindow")
    function.variables["QUEUE_URL"] = ref(queue)
    function.statements.append(allow(flow(Items(f"sqs:{action}" for action in RECEIVE)), arn(queue)))
    function.add(
        "Queue",
        "AWS::SQS::Queue",
        SqsManagedSseEnabled=True,
        VisibilityTimeout=timeout + VISIBILITY_MARGIN + (window or 0),
        # As large as a topic's. A dead letter has attributes too, and its queue accepts 1 MiB.
        MaximumMessageSize=262144,
        **of_queue,
    )


def _source(function: Function) -> None:
    """The event source that reads the function's queue."""
    batch_size, concurrency = function.take("BatchSize"), function.take("MaximumConcurrency")
    window = function.take_optional("BatchWindow")
    if not 2 <= concurrency <= 1000:
        raise Trouble(f"{function.name} in template/: MaximumConcurrency is from 2 to 1000.")
    function.add(
        "Source",
        "AWS::Lambda::EventSourceMapping",
        FunctionName=alias(function.name),
        EventSourceArn=arn(f"{function.name}Queue"),
        BatchSize=batch_size,
        **batch_window(window),
        # Without a cap, one slow queue takes all of the account's concurrency, and the API gets none.
        ScalingConfig=flow(Map(MaximumConcurrency=concurrency)),
        FunctionResponseTypes=flow(Items(["ReportBatchItemFailures"])),
    )


def _subscriptions(function: Function, subscriptions: Map, dead_letters: str | None) -> None:
    if subscriptions:
        _let_topics_send(function, [f"{topic}Topic" for topic in subscriptions], dead_letters)
    for topic, pattern in subscriptions.items():
        function.add(
            f"From{topic}",
            "AWS::SNS::Subscription",
            TopicArn=ref(f"{topic}Topic"),
            Protocol="sqs",
            Endpoint=arn(f"{function.name}Queue"),
            RawMessageDelivery=True,
            **({"FilterPolicy": pattern} if pattern else {}),
            **({"RedrivePolicy": flow(Map(deadLetterTargetArn=arn(dead_letters)))} if dead_letters else {}),
        )
        function.beside[f"{function.name}From{topic}"]["DependsOn"] = f"{function.name}QueuePolicy"


def _records_letters(function: Function) -> None:
    """Of which order it dead-letters a message: shared/runtime/src/letters.rs. Only a function that handles orders does."""
    function.variables[LETTERS] = ref("LimitsTable")
    keys = flow(Map({"dynamodb:LeadingKeys": flow(Items(["letter#*"]))}))
    condition = flow(Map({"ForAllValues:StringLike": keys}))
    grant = Map(Effect="Allow", Action="dynamodb:PutItem", Resource=arn("LimitsTable"), Condition=condition)
    function.statements.append(flow(grant))


def batch_window(seconds: int | None) -> dict[str, int]:
    return {} if seconds is None else {"MaximumBatchingWindowInSeconds": seconds}


def _let_topics_send(function: Function, topics: list[str], dead_letters: str | None) -> None:
    """The topics may send to the queue, and what they cannot deliver to its dead letters."""
    queues = [f"{function.name}Queue", *([dead_letters] if dead_letters else [])]
    statement = Map(
        Effect="Allow",
        Principal=flow(Map(Service="sns.amazonaws.com")),
        Action="sqs:SendMessage",
        Resource=flow(Items(map(arn, queues))),
        Condition=flow(Map(ArnEquals=flow(Map({"aws:SourceArn": flow(Items(map(ref, topics)))})))),
    )
    function.add(
        "QueuePolicy",
        "AWS::SQS::QueuePolicy",
        Queues=flow(Items(map(ref, queues))),
        PolicyDocument=Map(Version="2012-10-17", Statement=Items([statement])),
    )


def stream_function(function: Function) -> None:
    tables, patterns = function.take("Tables"), function.take("Filters")
    window = function.take_optional("BatchWindow")
    function.variables["DEAD_LETTER_QUEUE_URL"] = ref(f"{function.name}DeadLetters")
    function.may_send_to(f"{function.name}DeadLetters")
    _records_letters(function)
    actions = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"]
    streams = [sub(f"${{{table}Table.Arn}}/stream/*") for table in tables]
    function.statements.append(
        Map(Effect="Allow", Action=flow(Items(actions)), Resource=streams[0] if len(streams) == 1 else Items(streams))
    )
    for table in tables:
        # A source with another logical id would be another source, which reads the stream from its start again.
        function.add(
            "Source" if len(tables) == 1 else f"SourceOf{table}",
            "AWS::Lambda::EventSourceMapping",
            FunctionName=alias(function.name),
            EventSourceArn=att(f"{table}Table.StreamArn"),
            StartingPosition="TRIM_HORIZON",
            BatchSize=100,
            **batch_window(window),
            ParallelizationFactor=4,
            BisectBatchOnFunctionError=True,
            MaximumRetryAttempts=-1,
            MaximumRecordAgeInSeconds=LONGEST_RECORD_AGE,
            DestinationConfig=flow(Map(OnFailure=flow(Map(Destination=arn(f"{function.name}FailedBatches"))))),
            FilterCriteria=Map(Filters=Items(Map(Pattern=pattern) for pattern in [*patterns, HEARTBEATS])),
        )
        function.alarm(
            f"{table}HeartbeatAlarm",
            f"heartbeat-{table.lower()}",
            f"{function.kebab} has not read the stream of {table}Table in time for 15 minutes: enable its event source, or find"
            " out in its log why it does not start or is late. It loses a record that it has not read within 24 hours.",
            of_log(function, "HeartbeatLag", table=table.lower()),
            page="heartbeat",
            # One datapoint a minute, so that the alarm rings soon after the last heartbeat: CloudWatch looks back for a few
            # periods beyond these 15 before it takes data for missing.
            EvaluationPeriods=15,
            Threshold=ref("StreamAgeAlarmMilliseconds"),
            TreatMissingData="breaching",
        )
    function.dead_letters()
    _keep_failed_batches(function)
    function.alarm(
        "StreamAgeAlarm",
        "stream-age",
        f"{function.kebab} is behind its stream: find out in its log lines why, because it loses a record that it has not read"
        " within 24 hours.",
        of_function(function, "IteratorAge"),
        EvaluationPeriods=3,
        Threshold=ref("StreamAgeAlarmMilliseconds"),
    )


def _keep_failed_batches(function: Function) -> None:
    """What a reader that cannot run leaves: its event source puts the batch into a bucket, because a queue would get its place
    in the stream only. A dead letter then names the object. A notification of the bucket itself would begin with a test
    message, which would be a dead letter; a rule has none.
    """
    batches, letters, rule = f"{function.name}FailedBatches", f"{function.name}DeadLetters", f"{function.name}FailedBatchRule"
    function.statements.extend([allow("s3:PutObject", failed_batches_of(function.name)), allow("s3:ListBucket", arn(batches))])
    everything = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    by_s3 = flow(Map(ServerSideEncryptionByDefault=flow(Map(SSEAlgorithm="AES256"))))
    expiry = flow(Map(Id="expiry", Status="Enabled", ExpirationInDays=FAILED_BATCHES_DAYS))
    function.add(
        "FailedBatches",
        "AWS::S3::Bucket",
        PublicAccessBlockConfiguration=flow(Map(dict.fromkeys(everything, True))),
        OwnershipControls=flow(Map(Rules=flow(Items([flow(Map(ObjectOwnership="BucketOwnerEnforced"))])))),
        BucketEncryption=flow(Map(ServerSideEncryptionConfiguration=flow(Items([by_s3])))),
        LifecycleConfiguration=flow(Map(Rules=flow(Items([expiry])))),
        NotificationConfiguration=flow(Map(EventBridgeConfiguration=flow(Map(EventBridgeEnabled=True)))),
    )
    # A bucket with a batch in it cannot be deleted.
    function.beside[batches] = Map(
        Type="AWS::S3::Bucket",
        DeletionPolicy=ref("DataDeletionPolicy"),
        UpdateReplacePolicy="Retain",
        Properties=function.beside[batches]["Properties"],
    )
    function.output("FailedBatches", f"Bucket of the batches that {function.kebab} could not take.", batches)
    created = Map({"source": flow(Items(["aws.s3"])), "detail-type": flow(Items(["Object Created"]))})
    created["detail"] = flow(Map(bucket=flow(Map(name=flow(Items([ref(batches)]))))))
    function.add(
        "FailedBatchRule",
        "AWS::Events::Rule",
        Description=f"Names each batch that {function.kebab} never handled in a dead letter.",
        EventPattern=created,
        Targets=Items([flow(Map(Id="dead-letters", Arn=arn(letters)))]),
    )
    statement = Map(
        Effect="Allow",
        Principal=flow(Map(Service="events.amazonaws.com")),
        Action="sqs:SendMessage",
        Resource=arn(letters),
        Condition=flow(Map(ArnEquals=flow(Map({"aws:SourceArn": arn(rule)})))),
    )
    function.add(
        "DeadLettersPolicy",
        "AWS::SQS::QueuePolicy",
        Queues=flow(Items([ref(letters)])),
        PolicyDocument=Map(Version="2012-10-17", Statement=Items([statement])),
    )


def failed_batches_of(function: str) -> Tagged:
    """The objects that Lambda puts: `aws/lambda/<event source>/<shard>/<day>/<time>-<id>`."""
    return sub(f"${{{function}FailedBatches.Arn}}/aws/lambda/*")


def scheduled_function(function: Function) -> None:
    failure, silence = function.take_optional("FailureAlarm"), function.take_optional("SilenceAlarm")
    keeps_failed_runs = function.take_optional("DeadLetters") is None
    if keeps_failed_runs:
        function.may_send_to(f"{function.name}DeadLetters")
        on_failure = flow(Map(Type="SQS", Destination=arn(f"{function.name}DeadLetters")))
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
    if keeps_failed_runs:
        function.dead_letters()


KINDS: dict[str, Callable[[Function], None]] = {
    "Conveyor::Function": lambda function: None,
    "Conveyor::SignedInFunction": signed_in_function,
    "Conveyor::QueueFunction": queue_function,
    "Conveyor::HintFunction": hint_function,
    "Conveyor::StreamFunction": stream_function,
    "Conveyor::ScheduledFunction": scheduled_function,
}
