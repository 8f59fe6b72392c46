/** How the programs end; `--help` of both tells the same. */
export const ExitCode = { drained: 0, failed: 1, usage: 2, refused: 3 } as const;

/** An error that ends the program, in one sentence and with this exit code. */
export class ExitError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.exitCode = exitCode;
  }
}
