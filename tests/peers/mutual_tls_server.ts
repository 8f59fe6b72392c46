/** Serves WebSockets on Bun to clients whose certificate is signed by the authority in the first argument; prints its port. */
import process from "node:process";
import { runtime } from "../../src/runtime/detect.ts";

const [ca, cert, key] = process.argv.slice(2);
const listener = await runtime.serve(
  { hostname: "127.0.0.1", port: 0, tls: { ca, cert, key, requireClientCertificate: true } },
  (request, server) => runtime.upgrade(request, server, undefined, { opened() {}, failed() {} }),
);
console.log(listener.address.port);
