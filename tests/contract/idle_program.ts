/** Ends, without having closed its pool, when nobody waits for it any longer. */
import { ServerPool } from "../../mod.ts";

const pool = new ServerPool();
const end = new AbortController();
const waiting = pool.incomingGet({ timeoutMs: 600_000, signal: end.signal });
end.abort("no longer wanted");
await waiting.catch((reason) => console.log(reason));
