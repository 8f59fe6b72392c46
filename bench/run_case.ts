import type { BenchCase, Ends, Figure } from "./bench_case.ts";
import type { Pair } from "./pairs.ts";
import { Remote, type Role } from "./remote.ts";

/** What a figure came to, once for each round. */
export interface FigureResult {
  readonly figure: AnyFigure;
  readonly rounds: readonly Round[];
}

/** One measurement of the pool and one of the baseline, right after each other. */
export interface Round {
  readonly ours: number;
  readonly baseline: number;
}

type AnyEnds = Ends<unknown, unknown>;
type AnyFigure = Figure<unknown, unknown>;

/** How a case is run. */
export interface CaseRun {
  readonly benchCase: BenchCase;
  readonly pair: Pair;
  readonly rounds: number;
  readonly effort: number;
  readonly profileFolder: string | undefined;
}

/** Measures the figures of a case on a pair, one after the other. */
export async function* runCase(run: CaseRun): AsyncIterableIterator<FigureResult> {
  const { figures, isFresh } = run.benchCase;
  if (isFresh) {
    for (const figure of figures) yield { figure, rounds: await measureFresh(run, figure) };
    return;
  }
  await using opened = await openEnds(run);
  for (const figure of figures) yield { figure, rounds: await measure(run, figure, opened.ends) };
}

/** The first round warms up and does not count. */
async function measure({ rounds, effort }: CaseRun, figure: AnyFigure, ends: AnyEnds): Promise<Round[]> {
  const measured: Round[] = [];
  for (let i = 0; i <= rounds; i++) measured.push(await measureRound(figure, i, (of) => of(ends, effort)));
  return measured.slice(1);
}

async function measureFresh(run: CaseRun, figure: AnyFigure): Promise<Round[]> {
  const measured: Round[] = [];
  for (let i = 0; i < run.rounds; i++) {
    const round = await measureRound(figure, i, async (of) => {
      await using opened = await openEnds(run);
      return await of(opened.ends, run.effort);
    });
    measured.push(round);
  }
  return measured;
}

type Measurement = (ends: AnyEnds, effort: number) => Promise<number>;

/** Pool and baseline take turns in going first. */
async function measureRound(
  figure: AnyFigure,
  round: number,
  run: (measurement: Measurement) => Promise<number>,
): Promise<Round> {
  const ours = () => run((ends, effort) => figure.ours(ends, effort));
  const baseline = () => run((ends, effort) => figure.baseline(ends, effort));
  if (round % 2 === 0) return { ours: await ours(), baseline: await baseline() };
  const first = await baseline();
  return { ours: await ours(), baseline: first };
}

interface OpenedEnds extends AsyncDisposable {
  readonly ends: AnyEnds;
}

async function openEnds({ benchCase, pair, profileFolder }: CaseRun): Promise<OpenedEnds> {
  const start = (role: Role) =>
    new Remote<unknown>({ runtime: pair[role], role, caseName: benchCase.name, profileFolder });
  const ends = { server: start("server"), client: start("client") };
  const close = () => Promise.all([ends.client.close(), ends.server.close()]);
  try {
    await benchCase.open(ends);
  } catch (error) {
    await close();
    throw error;
  }
  return { ends, [Symbol.asyncDispose]: async () => void await close() };
}
