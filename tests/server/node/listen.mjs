// Listens to a researcher's followers by one of the reference clients, from one server after the other, and prints a
// line of JSON for each event. It ends after so many.
//
//     node listen.mjs ws|sse ID CURSOR COUNT URL…
import { createClient as overEvents } from "graphql-sse";
import { createClient as overSocket } from "graphql-ws";
import WebSocket from "ws";

const [protocol, id, cursor, count, ...urls] = process.argv.slice(2);
const query =
  "subscription ($id: ID!, $after: String) { followersChanged(researcherId: $id, after: $after) { followerCount } }";
const request = { query, variables: { id, after: cursor } };
let attempts = 0;
const url = () => urls[attempts++ % urls.length];
const retries = { retryAttempts: 1000, retryWait: () => new Promise((again) => setTimeout(again, 100)) };
const client =
  protocol === "ws"
    ? overSocket({ url: () => url().replace("http", "ws"), webSocketImpl: WebSocket, shouldRetry: () => true, ...retries })
    : overEvents({ url: () => `${url()}/stream`, ...retries });

let received = 0;
client.subscribe(request, {
  next(event) {
    // What it subscribes with again, should the connection break.
    request.variables.after = event.extensions.cursor;
    console.log(JSON.stringify({ cursor: event.extensions.cursor, ...event.data.followersChanged }));
    if (++received === Number(count)) process.exit(0);
  },
  error(error) {
    console.error(error);
    process.exit(1);
  },
  complete() {
    console.error("It has ended.");
    process.exit(1);
  },
});
