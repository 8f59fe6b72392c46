/** Two pools with some load between them, and a monitor next to them; see `--help`. */
import { MONITOR_HELP, readMonitorOptions } from "./monitor/demo/options.ts";
import { runDemo } from "./monitor/demo/run.ts";
import { runProgram } from "./tunnel/program.ts";

await runProgram(async (args, { stop }) => {
  const options = readMonitorOptions(args);
  if (options === "help") return console.log(MONITOR_HELP);
  await runDemo(options, stop, (line) => console.log(line));
});
