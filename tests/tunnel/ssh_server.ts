import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./command.ts";
import { deadPort, type Target } from "./target.ts";

/** An SSH server on 127.0.0.1 that uses this machine's sshd, with its own keys. */
export interface SshServer extends Target {
  /** Arguments for `ssh`: the client uses the only key that is authorized, and trusts only the server's host key. */
  sshArguments(port: number): string[];
}

/** The name by which `ssh` knows the server, regardless of the port that leads to it. */
const NAME = "behind-the-tunnel";

/** Starts the server. Requires root. */
export async function startSshServer(): Promise<SshServer> {
  const folder = await mkdtemp(join(tmpdir(), "npws-ssh-"));
  const [hostKey, userKey, knownHosts] = ["host", "user", "known_hosts"].map((name) => join(folder, name));
  for (const key of [hostKey, userKey]) await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  await writeFile(knownHosts, `${NAME} ${await readFile(`${hostKey}.pub`, "utf8")}`);
  const port = await deadPort();
  const server = await startDaemon(port, hostKey, `${userKey}.pub`);
  const settings = [`HostKeyAlias=${NAME}`, `UserKnownHostsFile=${knownHosts}`, "StrictHostKeyChecking=yes"];
  const client = ["-F", "none", "-i", userKey, ...optionsOf([...settings, "IdentitiesOnly=yes", "BatchMode=yes"])];
  return {
    port,
    sshArguments: (port) => [...client, "-p", `${port}`, "127.0.0.1"],
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

async function startDaemon(port: number, hostKey: string, authorizedKeys: string): Promise<AsyncDisposable> {
  await mkdir("/run/sshd", { recursive: true }); // the chroot of its unprivileged process
  const settings = ["ListenAddress=127.0.0.1", `AuthorizedKeysFile=${authorizedKeys}`, "PidFile=none"];
  const relaxed = ["StrictModes=no", "UsePAM=no"]; // the parent folder is world-writable; PAM requires a real login
  const { output: program } = await run("sh", ["-c", "command -v sshd"]); // it re-executes itself by its absolute path
  const args = ["-D", "-e", "-f", "/dev/null", "-p", `${port}`, "-h", hostKey, ...optionsOf([...settings, ...relaxed])];
  const child: ChildProcess = spawn(program.trim(), args, { stdio: ["ignore", "ignore", "pipe"] });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  let said = "";
  for await (const text of child.stderr!.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    said += text;
    if (said.includes("Server listening on")) break;
  }
  if (!said.includes("Server listening on")) throw new Error(`Cannot start sshd: ${said}`);
  child.stderr!.resume();
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await exited;
      child.stderr!.destroy();
    },
  };
}

function optionsOf(settings: string[]): string[] {
  return settings.flatMap((setting) => ["-o", setting]);
}
