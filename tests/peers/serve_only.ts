/** Serves and upgrades one request, and reports it. */
import { runtime } from "../../src/runtime/detect.ts";

const opened = Promise.withResolvers<void>();
const listener = await runtime.serve({ hostname: "127.0.0.1", port: 0, tls: undefined }, (request, serverOrInfo) => {
  return runtime.upgrade(request, serverOrInfo, undefined, { opened: () => opened.resolve(), failed: opened.reject });
});
new WebSocket(`ws://127.0.0.1:${listener.address.port}/`);
await opened.promise;
await listener.close();
console.log("served");
