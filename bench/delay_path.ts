/** Forwards every connection to a port of 127.0.0.1 with a delay in each direction, and prints the port that it listens on. */
import process from "node:process";
import { FaultProxy } from "../tests/fault/fault_proxy.ts";

const [target, delayMs] = process.argv.slice(2).map(Number);

const proxy = await FaultProxy.listen(target!, { delayMs: delayMs! });
console.log(new URL(proxy.url).port);
