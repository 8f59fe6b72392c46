/** Prints the runtime's name and its arguments, one per line; with "--wait" it keeps running. */
import process from "node:process";

console.log("Bun" in globalThis ? "bun" : "deno");
for (const argument of process.argv.slice(2)) console.log(argument);
if (process.argv.includes("--wait")) setInterval(() => {}, 1_000);
