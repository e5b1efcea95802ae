// The deployed local stack as the tests use it: its API, its senders of webhooks, its emulator. `make test` sets the variables.

import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";

export const variable = (name) => {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: run the tests by \`make test\``);
  return value;
};

export const CONSOLE = variable("CONVEYOR_CONSOLE_URL");
export const API = variable("CONVEYOR_API_URL");
export const people = JSON.parse(variable("CONVEYOR_PEOPLE"));

export const fresh = () => randomUUID().slice(0, 8);

export async function call(method, path, body, { token = variable("CONVEYOR_ADMIN_TOKEN"), key } = {}) {
  const answer = await fetch(API + path, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(key ? { "idempotency-key": key } : {}),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, body: text ? JSON.parse(text) : undefined };
}

/** Waits until `look` returns something, for at most 60 s. */
export async function until(what, look, seconds = 60) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < end, `${what} did not happen within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

export async function place({ email = `ada+${fresh()}@customer.example`, name = "Ada Example", method = "pm_card_visa", sku = "TEA-01", token = variable("CONVEYOR_TOKEN") } = {}) {
  const order = {
    items: [{ sku, quantity: 2 }],
    currency: "EUR",
    payment_method: method,
    contact: { email },
    shipping_address: { name, line1: "Bahnhofstrasse 1", city: "Zürich", postal_code: "8001", country: "CH" },
  };
  // The prices of a new product reach the orders service within moments.
  const { body } = await until("the order is accepted", async () => {
    const answer = await call("POST", "/orders", order, { token, key: randomUUID() });
    return answer.status === 202 ? answer : undefined;
  });
  return { id: body.order_id, number: body.number, email };
}

export async function allocated(options) {
  const order = await place(options);
  await status(order.id, "allocated");
  await until("the shipment is to pack", async () => (await call("GET", `/shipments/${order.id}`)).body?.state === "requested");
  return order;
}

export function status(id, wanted) {
  return until(`${id} is ${wanted}`, async () => (await call("GET", `/orders/${id}`)).body?.status === wanted);
}

/** The bank reports money for an order, signed by Standard Webhooks. */
export async function bankReports(data) {
  const body = JSON.stringify({ type: "payment.received", timestamp: new Date().toISOString(), data });
  const id = `msg_${fresh()}`;
  const at = String(Math.floor(Date.now() / 1000));
  const key = Buffer.from(variable("BANK_WEBHOOK_SECRET").replace("whsec_", ""), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${at}.${body}`).digest("base64");
  const answer = await fetch(`${API}/webhooks/standard/bank`, {
    method: "POST",
    headers: { "content-type": "application/json", "webhook-id": id, "webhook-timestamp": at, "webhook-signature": `v1,${signature}` },
    body,
  });
  assert.equal(answer.status, 200);
  return `standard-payments:bank.${id}`;
}

/** Puts a message into a function's dead-letter queue, as a queue does, and returns the dead letter's id. The emulator checks no signature. */
export async function deadLetter(owner, message) {
  const answer = await fetch(variable("AWS_ENDPOINT_URL"), {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": "AmazonSQS.SendMessage",
      authorization: "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0",
    },
    body: JSON.stringify({ QueueUrl: variable(`CONVEYOR_${owner}_DEAD_LETTERS_URL`), MessageBody: message }),
  });
  assert.equal(answer.status, 200);
  return (await answer.json()).MessageId;
}
