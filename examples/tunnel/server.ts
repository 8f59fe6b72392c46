/** The public end of a reverse TCP tunnel; see `--help`. */
import process from "node:process";
import { loadCertificate } from "./certificate.ts";
import { Log } from "./log.ts";
import { runProgram } from "./program.ts";
import { readServerOptions, SERVER_HELP } from "./server_options.ts";
import { TunnelServer } from "./tunnel_server.ts";

await runProgram(async (args, ending) => {
  const options = readServerOptions(args);
  if (options === "help") return console.log(SERVER_HELP);
  const log = new Log(process.stdout, options.isVerbose);
  await new TunnelServer(options, await loadCertificate(options.tls), log, ending).run();
});
