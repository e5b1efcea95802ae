// `place-order` with Powertools for AWS Lambda (TypeScript): a client's retry gets the first answer, and writes no second order.
import { IdempotencyConfig, makeIdempotent } from "@aws-lambda-powertools/idempotency";
import { DynamoDBPersistenceLayer } from "@aws-lambda-powertools/idempotency/dynamodb";
import { BatchGetItemCommand, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { randomUUID } from "node:crypto";

const dynamodb = new DynamoDBClient({});
const persistenceStore = new DynamoDBPersistenceLayer({ tableName: "Idempotency", awsSdkV3Client: dynamodb });
const config = new IdempotencyConfig({
  eventKeyJmesPath: '[requestContext.authorizer.jwt.claims.sub, headers."idempotency-key"]',
});

const answer = (statusCode, body) => ({
  statusCode,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

export const handler = makeIdempotent(
  async (event, _context) => {
    const order = JSON.parse(event.body);
    if (order.items.length === 0 || order.items.some(({ quantity }) => !Number.isInteger(quantity) || quantity < 1)) {
      return answer(400, { detail: "a quantity is a whole number from 1 up" });
    }
    const Keys = order.items.map(({ sku }) => ({ pk: { S: `sku#${sku}` }, sk: { S: "price" } }));
    const found = await dynamodb.send(
      new BatchGetItemCommand({ RequestItems: { Orders: { Keys, ConsistentRead: true } } }),
    );
    const prices = new Map(found.Responses.Orders.map((item) => [item.pk.S, JSON.parse(item.document.S)]));
    let total = 0;
    for (const { sku, quantity } of order.items) {
      const price = prices.get(`sku#${sku}`);
      if (!price?.active || price.currency !== order.currency) {
        return answer(422, { detail: `${sku} cannot be ordered` });
      }
      total += price.price * quantity;
    }
    const orderId = randomUUID().replaceAll("-", "");
    const customer = event.requestContext.authorizer.jwt.claims.sub;
    await dynamodb.send(
      new PutItemCommand({
        TableName: "Orders",
        Item: {
          pk: { S: `order#${orderId}` },
          sk: { S: "event#000001" },
          type: { S: "OrderPlaced" },
          event: { S: JSON.stringify({ ...order, order_id: orderId, total, customer }) },
        },
        ConditionExpression: "attribute_not_exists(pk)",
      }),
    );
    return answer(202, { order_id: orderId, total, currency: order.currency });
  },
  { persistenceStore, config },
);
