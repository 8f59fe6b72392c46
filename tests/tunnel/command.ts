import { execFile, execFileSync } from "node:child_process";
import process from "node:process";

/** What a command printed, when it ended well. */
export interface CommandOutput {
  output: string;
  errorOutput: string;
}

/** A command that takes longer is killed, in milliseconds. */
const DEADLINE_MS = 45_000;

/** How long each step of an installation may take, in milliseconds. */
const INSTALL_DEADLINE_MS = 60_000;

/** For a machine without a network, where apt-get would otherwise wait for minutes. */
const IMPATIENT = ["-o", "Acquire::http::Timeout=10", "-o", "Acquire::https::Timeout=10", "-o", "Acquire::Retries=0"];

/** Runs a command to its end. Rejects when it fails, with what it printed. */
export function run(program: string, args: string[]): Promise<CommandOutput> {
  const options = { timeout: DEADLINE_MS, killSignal: "SIGKILL", encoding: "utf8" } as const;
  return new Promise((resolve, reject) => {
    execFile(program, args, options, (error, output, errorOutput) => {
      if (error) reject(new Error(`Cannot run ${program}: ${error.message}\n${output}\n${errorOutput}`));
      else resolve({ output, errorOutput });
    });
  });
}

/**
 * Whether a program is there, or can be installed as a Debian package. It is tried once in a process, and not at all where the
 * environment says what came of it: `NPWS_HAS_WRK=no`.
 */
export function isAvailable(program: string, debianPackage: string): boolean {
  const variable = `NPWS_HAS_${program.toUpperCase().replaceAll("-", "_")}`;
  process.env[variable] ??= isInstalled(program) || (install(debianPackage) && isInstalled(program)) ? "yes" : "no";
  return process.env[variable] === "yes";
}

function isInstalled(program: string): boolean {
  return succeeds("sh", ["-c", `command -v ${program}`]);
}

/** Whether the list of packages could be fetched; undefined before that was tried. */
let hasNewList: boolean | undefined;

function install(debianPackage: string): boolean {
  const install = () => aptGet("install", "--yes", "--no-install-recommends", debianPackage);
  return install() || ((hasNewList ??= aptGet("update")) && install()); // a new machine has no list yet, or an old one
}

/** With SYSTEMD_OFFLINE no package starts the service that it brings. */
function aptGet(...args: string[]): boolean {
  return succeeds("apt-get", [...IMPATIENT, ...args], { DEBIAN_FRONTEND: "noninteractive", SYSTEMD_OFFLINE: "1" });
}

function succeeds(program: string, args: string[], variables: NodeJS.ProcessEnv = {}): boolean {
  const env = { ...process.env, ...variables };
  try {
    execFileSync(program, args, { env, stdio: "ignore", timeout: INSTALL_DEADLINE_MS });
    return true;
  } catch {
    return false;
  }
}
