import { execFile, execFileSync } from "node:child_process";
import process from "node:process";

/** What a command printed, when it ended well. */
export interface CommandOutput {
  output: string;
  errorOutput: string;
}

/** A command that takes longer is killed, in milliseconds. */
const DEADLINE_MS = 45_000;

/** How long a package may take to be installed, in milliseconds. */
const INSTALL_DEADLINE_MS = 120_000;

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
 * Whether a program is there, or can be installed as a Debian package. That is tried once in all processes of a test run: the
 * environment tells the others.
 */
export function isAvailable(program: string, debianPackage: string): boolean {
  const variable = `NPWS_HAS_${program.toUpperCase().replaceAll("-", "_")}`;
  process.env[variable] ??= isInstalled(program) || (install(debianPackage) && isInstalled(program)) ? "yes" : "no";
  return process.env[variable] === "yes";
}

function isInstalled(program: string): boolean {
  return succeeds("sh", ["-c", `command -v ${program}`]);
}

/** A fresh machine knows of no packages, or of versions that are gone by now. */
function install(debianPackage: string): boolean {
  const installed = () => succeeds("apt-get", ["install", "--yes", "--no-install-recommends", debianPackage]);
  return installed() || (succeeds("apt-get", ["update"]) && installed());
}

function succeeds(program: string, args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: "ignore", timeout: INSTALL_DEADLINE_MS });
    return true;
  } catch {
    return false;
  }
}
