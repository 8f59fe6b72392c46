import { usageError } from "./command_line.ts";

/** Options of the pools, and the flags that set them. */
const FLAGS: Readonly<Record<string, string>> = {
  url: "--server",
  token: "--token",
  "tls.cert": "--cert",
  "tls.key": "--key",
  "tls.caCerts": "--ca",
  "tls.pinSha256": "--pin",
};

/**
 * Makes a pool.
 *
 * @throws {ExitError} An option is wrong; the message names the flag instead of the pool's option.
 */
export function fromFlags<Pool>(make: () => Pool): Pool {
  try {
    return make();
  } catch (error) {
    const complaint = (error as Error).message.replace(/^Cannot [^:]*: /, "");
    throw usageError(complaint.replace(/^(?:url|token)\b|\btls\.\w+/g, (option) => FLAGS[option] ?? option));
  }
}
