/** Listens, prints the port, then blocks: the system queues a few connections and leaves all further ones unanswered. */
import { type AddressInfo, createServer } from "node:net";
import { writeSync } from "node:fs";

const server = createServer();
server.listen({ host: "127.0.0.1", port: 0, backlog: 1 }, () => {
  writeSync(1, `${(server.address() as AddressInfo).port}\n`);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
