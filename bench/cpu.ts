import process from "node:process";

/** The processor time of all threads of this process during `run`, in microseconds. */
export async function cpuUsOf(run: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
