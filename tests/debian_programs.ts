import { execFileSync } from "node:child_process";
import process from "node:process";

/** Programs that tests run, and the Debian packages that provide them. */
const packages = {
  chromium: "chromium",
  curl: "curl",
  haproxy: "haproxy",
  nginx: "nginx",
  promtool: "prometheus",
  "redis-benchmark": "redis-tools",
  "redis-server": "redis-server",
  ssh: "openssh-client",
  sshd: "openssh-server",
  wrk: "wrk",
} as const;

/** The name of such a program. */
export type DebianProgram = keyof typeof packages;

/** The names of all programs. */
export const debianPrograms = Object.keys(packages) as DebianProgram[];

/** How long each step of an installation may take, in milliseconds. */
const INSTALL_DEADLINE_MS = 120_000;

/** Without a network, apt-get would otherwise hang for minutes. */
const IMPATIENT = ["-o", "Acquire::http::Timeout=10", "-o", "Acquire::https::Timeout=10", "-o", "Acquire::Retries=0"];

/**
 * Whether a program is installed, or can be installed as a Debian package. Installation is tried only once, and not at all if
 * the environment already holds the result, such as `NPWS_HAS_WRK=no`.
 */
export function isAvailable(program: DebianProgram): boolean {
  const variable = `NPWS_HAS_${program.toUpperCase().replaceAll("-", "_")}`;
  process.env[variable] ??= isInstalled(program) || (install(packages[program]) && isInstalled(program)) ? "yes" : "no";
  return process.env[variable] === "yes";
}

function isInstalled(program: string): boolean {
  return succeeds("sh", ["-c", `command -v ${program}`]);
}

/** Whether the package lists could be updated; undefined before the first attempt. */
let hasNewList: boolean | undefined;

function install(debianPackage: string): boolean {
  const install = () => aptGet("install", "--yes", "--no-install-recommends", debianPackage);
  return install() || ((hasNewList ??= aptGet("update")) && install()); // a new machine has no package lists, or outdated ones
}

/** With SYSTEMD_OFFLINE, no package starts its service. */
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
