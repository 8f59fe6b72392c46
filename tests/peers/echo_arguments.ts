/** Prints the runtime's name and its arguments, a line each; "--wait" makes it stay. */
import process from "node:process";

console.log("Bun" in globalThis ? "bun" : "deno");
for (const argument of process.argv.slice(2)) console.log(argument);
if (process.argv.includes("--wait")) setInterval(() => {}, 1_000);
