/** Two pools with some load between them, and the monitor beside them; `--help` tells more. */
import { MONITOR_HELP, readMonitorOptions } from "./monitor/demo/options.ts";
import { runDemo } from "./monitor/demo/run.ts";
import { runProgram } from "./tunnel/program.ts";

await runProgram(async (args, { stop }) => {
  const options = readMonitorOptions(args);
  if (options === "help") return console.log(MONITOR_HELP);
  await runDemo(options, stop, (line) => console.log(line));
});
