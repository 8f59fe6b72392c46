/** The server's process of the demo. It is told what to do on its standard input, and answers on its standard output. */
import process from "node:process";
import { echo } from "./echo.ts";
import { serve } from "./serve.ts";

process.on("SIGINT", () => {}); // Ctrl-C reaches both processes, and the other one ends this one
await serve(process.stdin, process.stdout, echo);
