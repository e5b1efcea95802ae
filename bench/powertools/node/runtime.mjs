// The least of a runtime: it asks Lambda's Runtime API for an event, runs the handler, and sends its answer. The official client
// compiles C++ when it is installed; this loop does less work than it for an invocation, which favours the peer.
import http from "node:http";
import { handler } from "./handler.mjs";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

const call = (method, path, body = "") =>
  new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const request = http.request({ agent, host, port, method, path: `/2018-06-01/runtime/${path}`, headers }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve({ headers: response.headers, text: Buffer.concat(chunks).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });

for (;;) {
  const next = await call("GET", "invocation/next");
  const awsRequestId = next.headers["lambda-runtime-aws-request-id"];
  const deadline = Number(next.headers["lambda-runtime-deadline-ms"]);
  const context = { awsRequestId, getRemainingTimeInMillis: () => deadline - Date.now() };
  try {
    const answer = await handler(JSON.parse(next.text), context);
    await call("POST", `invocation/${awsRequestId}/response`, JSON.stringify(answer));
  } catch (error) {
    const failure = { errorType: error.name, errorMessage: `${error.stack}` };
    await call("POST", `invocation/${awsRequestId}/error`, JSON.stringify(failure));
  }
}
