/** How a command ended. */
export interface CommandResult {
  /** "exit code 1", "killed by SIGSEGV" or "killed after 60 s"; undefined when it exited with 0 before its deadline. */
  failure: string | undefined;
  /** What it printed to standard output and standard error. */
  output: string;
}

/** How much of a command's output is kept: the last part. */
const outputLimitChars = 200_000;

/** The process groups of the running commands. */
const groups = new Set<number>();

/** Runs a command in its own process group, and leaves none of that group's processes behind when this resolves. */
export async function runCommand([program, ...args]: string[], deadlineMs: number): Promise<CommandResult> {
  const env = { NO_COLOR: "1" };
  // Detaching makes it the leader of a process group.
  const command = new Deno.Command(program, { args, env, stdout: "piped", stderr: "piped", detached: true });
  const child = command.spawn();
  const kill = () => killGroup(child.pid);
  groups.add(child.pid);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    kill();
  }, deadlineMs);
  const output = collect(child.stdout, child.stderr);
  const status = await child.status;
  clearTimeout(timer);
  kill(); // children that outlive the command would keep its output open forever
  groups.delete(child.pid);
  return { failure: late ? `killed after ${deadlineMs / 1000} s` : describeFailure(status), output: await output };
}

/** Kills the running commands and their children. */
export function killCommands(): void {
  groups.forEach(killGroup);
}

function describeFailure({ success, code, signal }: Deno.CommandStatus): string | undefined {
  if (success) return undefined;
  return signal ? `killed by ${signal}` : `exit code ${code}`;
}

function killGroup(leader: number): void {
  try {
    Deno.kill(-leader, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function collect(...streams: ReadableStream<Uint8Array<ArrayBuffer>>[]): Promise<string> {
  let output = "";
  await Promise.all(streams.map(async (stream) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      output = (output + text).slice(-outputLimitChars);
    }
  }));
  return output;
}
