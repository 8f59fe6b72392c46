/** The demo's server process. It gets its instructions on standard input, and answers on standard output. */
import process from "node:process";
import { echo } from "./echo.ts";
import { serve } from "./serve.ts";

process.on("SIGINT", () => {}); // Ctrl-C reaches both processes; the other one ends this one
await serve(process.stdin, process.stdout, echo);
