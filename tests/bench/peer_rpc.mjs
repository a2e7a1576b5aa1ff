// The peer: npm `ocpp-rpc` with its strict validation, as its documentation puts it together. It stores nothing.
// Started as `node peer_rpc.mjs PORT` in a folder in which ocpp-rpc is installed.
import { createRequire } from "node:module";

const { RPCServer } = createRequire(`${process.cwd()}/`)("ocpp-rpc");
const server = new RPCServer({ protocols: ["ocpp1.6", "ocpp2.0.1"], strictMode: true });
const now = () => new Date().toISOString();

server.auth((accept) => accept({}));
server.on("client", (client) => {
  client.handle("BootNotification", () => ({ currentTime: now(), interval: 300, status: "Accepted" }));
  client.handle("StartTransaction", () => ({ transactionId: 1, idTagInfo: { status: "Accepted" } }));
  client.handle("MeterValues", () => ({}));
  client.handle("Heartbeat", () => ({ currentTime: now() }));
  client.handle("TransactionEvent", () => ({}));
});
await server.listen(Number(process.argv[2]), "127.0.0.1");
