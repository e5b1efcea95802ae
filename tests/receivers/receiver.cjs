// A receiver of Conveyor's webhooks in Node, as a shop would write one: it verifies with the official library, and tells
// its standard output what came. Refuses its first calls if told to. Prints its port first; ends when its input does.

const http = require("node:http");
const { Webhook } = require("standardwebhooks");

const webhook = new Webhook(process.env.WEBHOOK_SECRET);
let refusals = Number(process.env.REFUSE_FIRST ?? 0);

const tell = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

const server = http.createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString("utf8");
  let event;
  try {
    event = webhook.verify(body, request.headers);
  } catch (error) {
    tell({ verified: false, reason: error.message });
    return response.writeHead(400).end();
  }
  const refused = refusals > 0;
  if (refused) refusals -= 1;
  // Here a shop looks whether it has handled this webhook-id, and if not, does so and keeps the id.
  tell({ verified: true, id: request.headers["webhook-id"], type: event.type, data: event.data, refused });
  response.writeHead(refused ? 503 : 204).end();
});

server.listen(0, "127.0.0.1", () => tell({ port: server.address().port }));
process.stdin.resume().on("end", () => process.exit(0));
