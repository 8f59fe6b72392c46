/** The private end of a reverse TCP tunnel; see `--help`. */
import process from "node:process";
import { CLIENT_HELP, readClientOptions } from "./client_options.ts";
import { Log } from "./log.ts";
import { runProgram } from "./program.ts";
import { TunnelClient } from "./tunnel_client.ts";

await runProgram(async (args, ending) => {
  const options = readClientOptions(args);
  if (options === "help") return console.log(CLIENT_HELP);
  await new TunnelClient(options, new Log(process.stdout, options.isVerbose), ending).run();
});
