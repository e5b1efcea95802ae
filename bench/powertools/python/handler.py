"""`place-order` with Powertools for AWS Lambda (Python): a client's retry gets the first answer, and writes no second order."""

import json
import uuid
from typing import Any

import boto3
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent
from botocore.config import Config

dynamodb = boto3.client("dynamodb", config=Config(retries={"mode": "standard"}, connect_timeout=2, read_timeout=5))
persistence = DynamoDBPersistenceLayer(table_name="Idempotency", boto3_client=dynamodb)
config = IdempotencyConfig(event_key_jmespath='[requestContext.authorizer.jwt.claims.sub, headers."idempotency-key"]')


@idempotent(config=config, persistence_store=persistence)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    order = json.loads(event["body"])
    lines = order["items"]
    if not lines or any(not isinstance(line["quantity"], int) or line["quantity"] < 1 for line in lines):
        return answer(400, {"detail": "a quantity is a whole number from 1 up"})
    keys = [{"pk": {"S": f"sku#{line['sku']}"}, "sk": {"S": "price"}} for line in lines]
    found = dynamodb.batch_get_item(RequestItems={"Orders": {"Keys": keys, "ConsistentRead": True}})
    prices = {item["pk"]["S"]: json.loads(item["document"]["S"]) for item in found["Responses"]["Orders"]}
    total = 0
    for line in lines:
        price = prices.get(f"sku#{line['sku']}")
        if price is None or not price["active"] or price["currency"] != order["currency"]:
            return answer(422, {"detail": f"{line['sku']} cannot be ordered"})
        total += price["price"] * line["quantity"]
    order_id = uuid.uuid4().hex
    customer = event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"]
    placed = {**order, "order_id": order_id, "total": total, "customer": customer}
    dynamodb.put_item(
        TableName="Orders",
        Item={
            "pk": {"S": f"order#{order_id}"},
            "sk": {"S": "event#000001"},
            "type": {"S": "OrderPlaced"},
            "event": {"S": json.dumps(placed)},
        },
        ConditionExpression="attribute_not_exists(pk)",
    )
    return answer(202, {"order_id": order_id, "total": total, "currency": order["currency"]})


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
