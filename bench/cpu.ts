import process from "node:process";

/** Microseconds of processor time, in all threads of this process, while something runs. */
export async function cpuUsOf(run: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
