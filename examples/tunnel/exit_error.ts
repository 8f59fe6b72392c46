/** The exit codes of both programs, as their `--help` shows them. */
export const ExitCode = { drained: 0, failed: 1, usage: 2, refused: 3 } as const;

/** An error that ends the program with a one-sentence message and this exit code. */
export class ExitError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.exitCode = exitCode;
  }
}
