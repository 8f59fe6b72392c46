import process from "node:process";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { ExitCode, ExitError } from "./exit_error.ts";
import { systemReason } from "./system_error.ts";

/** The environment variable that may hold the token, so that it is not visible in the process list. */
export const TOKEN_VARIABLE = "NPWS_TUNNEL_TOKEN";

/** How TLS is used. */
export type TlsMode = "off" | "self-signed" | "verified";

/** Flags of both programs. */
export const COMMON_FLAGS = {
  token: { type: "string", multiple: true },
  tls: { type: "string" },
  drain: { type: "string" },
  verbose: { type: "boolean", short: "v" },
  help: { type: "boolean", short: "h" },
} satisfies ParseArgsConfig["options"];

/**
 * Reads the arguments.
 *
 * @throws {ExitError} An argument is unknown, or lacks its value.
 */
export function parse<Flags extends NonNullable<ParseArgsConfig["options"]>>(args: string[], options: Flags) {
  try {
    return parseArgs({ args, options, allowPositionals: false }).values;
  } catch (error) {
    const [reason] = (error as Error).message.split(/\.\s/); // the rest is advice
    const [, flag] = /^Option '(?:-\w, )?(--[\w-]+).*argument (?:missing|is ambiguous)$/.exec(reason) ?? [];
    throw usageError(
      flag ? `${flag} needs a value; write ${flag}=VALUE if it begins with "-"` : `${reason}; see --help`,
    );
  }
}

/** @throws {ExitError} The value is missing. */
export function required(flag: string, value: string | undefined): string {
  if (value === undefined) throw usageError(`${flag} is required; see --help`);
  return value;
}

/** @throws {ExitError} `parse` returns undefined. */
export function parsed<Value>(
  flag: string,
  form: string,
  text: string,
  parse: (text: string) => Value | undefined,
): Value {
  const value = parse(text);
  if (value === undefined) throw usageError(`${flag} must be ${form}, got "${text}"`);
  return value;
}

/** @throws {ExitError} The text is not an integer in the range. */
export function integer(flag: string, text: string, min: number, max: number): number {
  return parsed(flag, `an integer from ${min} to ${max}`, text, (text) => {
    const value = Number(text);
    return /^\d+$/.test(text) && value >= min && value <= max ? value : undefined;
  });
}

/** @throws {ExitError} The text is not a mode. */
export function tlsMode(text: string): TlsMode {
  const modes: TlsMode[] = ["off", "self-signed", "verified"];
  return parsed("--tls", `"off", "self-signed" or "verified"`, text, (text) => modes.find((mode) => mode === text));
}

/** The tokens from the command line, or else from the environment. */
export function tokens(given: string[] | undefined): readonly string[] {
  const fromEnvironment = process.env[TOKEN_VARIABLE];
  return given ?? (fromEnvironment ? [fromEnvironment] : []);
}

/** @throws {ExitError} The file cannot be read. */
export function readText(flag: string, path: string): string {
  try {
    // Only when a file is read: loading it takes 2 MiB on Deno 2.9.6.
    return process.getBuiltinModule("node:fs").readFileSync(path, "utf8");
  } catch (error) {
    throw usageError(`the ${flag} file ${path} cannot be read: ${systemReason(error)}`);
  }
}

export function usageError(reason: string): ExitError {
  return new ExitError(ExitCode.usage, `Cannot start: ${reason}`);
}
