// A receiver of Conveyor's webhooks in Node, as a shop would write one: it verifies with the official library and prints
// each call to its standard output. `REFUSE_FIRST` makes it refuse its first calls. It prints its port first and ends when its
// input ends.

const http = require("node:http");
const { Webhook } = require("standardwebhooks");

const webhook = new Webhook(process.env.WEBHOOK_SECRET);
let refusals = Number(process.env.REFUSE_FIRST ?? 0);

const print = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

const server = http.createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString("utf8");
  let event;
  try {
    event = webhook.verify(body, request.headers);
  } catch (error) {
    print({ verified: false, reason: error.message });
    return response.writeHead(400).end();
  }
  const refused = refusals > 0;
  if (refused) refusals -= 1;
  // Here a shop checks whether it has handled this webhook-id. If not, it handles the event and keeps the id.
  print({ verified: true, id: request.headers["webhook-id"], type: event.type, data: event.data, refused });
  response.writeHead(refused ? 503 : 204).end();
});

server.listen(0, "127.0.0.1", () => print({ port: server.address().port }));
process.stdin.resume().on("end", () => process.exit(0));
