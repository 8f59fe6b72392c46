import type { Baseline, BenchCase, Ends, Figure } from "./bench_case.ts";
import type { GoPair } from "./go_pair.ts";
import type { Pair } from "./pairs.ts";
import { Remote, type Role } from "./remote.ts";

type AnyEnds = Ends<unknown, unknown>;
type AnyFigure = Figure<unknown, unknown>;
type AnyBaseline = Baseline<unknown, unknown>;

/** The results of a figure, one value per round. */
export interface FigureResult {
  readonly figure: AnyFigure;
  readonly ours: readonly number[];
  /** The baselines that could be measured on this machine. */
  readonly baselines: readonly { readonly baseline: AnyBaseline; readonly values: readonly number[] }[];
}

/** How a case is run. */
export interface CaseRun {
  readonly benchCase: BenchCase;
  readonly pair: Pair;
  readonly rounds: number;
  readonly effort: number;
  readonly profileFolder: string | undefined;
  readonly goPair: GoPair | undefined;
}

/** Measures the figures of a case on a pair, one after the other. */
export async function* runCase(run: CaseRun): AsyncIterableIterator<FigureResult> {
  const { figures, isFresh } = run.benchCase;
  if (isFresh) {
    for (const figure of figures) yield await measure(run, figure, (on) => onFreshEnds(run, on));
    return;
  }
  await using opened = await openEnds(run);
  for (const figure of figures) {
    const onOpened = (on: OnEnds) => on(opened.ends);
    await measure({ ...run, rounds: figure.warmUpRounds ?? 1 }, figure, onOpened);
    yield await measure(run, figure, onOpened);
  }
}

/** One measurement on a case's ends. */
type OnEnds = (ends: AnyEnds) => Promise<number>;

/** Takes all measurements of a round back to back, and starts each round with a different one. */
async function measure(
  { rounds, effort, goPair }: CaseRun,
  figure: AnyFigure,
  withEnds: (on: OnEnds) => Promise<number>,
): Promise<FigureResult> {
  const ours = { values: [] as number[], measure: () => withEnds((ends) => figure.ours(ends, effort)) };
  const baselines = figure.baselines.flatMap((baseline) => {
    const { measure } = baseline;
    if (typeof measure === "function") {
      return { baseline, values: [] as number[], measure: () => withEnds((ends) => measure(ends, effort)) };
    }
    return goPair ? { baseline, values: [] as number[], measure: () => measure.go(goPair, effort) } : [];
  });
  const all = [ours, ...baselines];
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < all.length; i++) {
      const { values, measure } = all[(round + i) % all.length];
      values.push(await measure());
    }
  }
  return { figure, ours: ours.values, baselines };
}

async function onFreshEnds(run: CaseRun, on: OnEnds): Promise<number> {
  await using opened = await openEnds(run);
  return await on(opened.ends);
}

interface OpenedEnds extends AsyncDisposable {
  readonly ends: AnyEnds;
}

async function openEnds({ benchCase, pair, profileFolder }: CaseRun): Promise<OpenedEnds> {
  const start = (role: Role) =>
    new Remote<unknown>({ runtime: pair[role], role, caseName: benchCase.name, profileFolder });
  const ends = { server: start("server"), client: start("client") };
  const stop = async () => void await Promise.all([ends.client.close(), ends.server.close()]);
  try {
    const opened = await benchCase.open(ends, pair);
    return {
      ends,
      async [Symbol.asyncDispose]() {
        await stop();
        await opened?.[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
