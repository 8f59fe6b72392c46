/** How a command ended. */
export interface CommandResult {
  /** "exit code 1", "killed by SIGSEGV" or "killed after 60 s"; undefined when it exited with 0 before its deadline. */
  failure: string | undefined;
  /** What it printed to both streams. */
  output: string;
}

/** What is kept of a command's output: its end. */
const outputLimitChars = 200_000;

/** The process groups of the commands that run now. */
const groups = new Set<number>();

/** Runs a command in a process group of its own, of which nothing is left when this resolves. */
export async function runCommand([program, ...args]: string[], deadlineMs: number): Promise<CommandResult> {
  const env = { NO_COLOR: "1" };
  // Detached makes it the leader of a group.
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
  kill(); // children that outlive the command would keep its output open for ever
  groups.delete(child.pid);
  return { failure: late ? `killed after ${deadlineMs / 1000} s` : describeFailure(status), output: await output };
}

/** Kills what runs now, with its children. */
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
