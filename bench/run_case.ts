import type { BenchCase, Ends, Figure, Measure } from "./bench_case.ts";
import type { Pair } from "./pairs.ts";
import { Remote, type Role } from "./remote.ts";

/** What a figure came to, a value for each round. */
export interface FigureResult {
  readonly figure: AnyFigure;
  readonly ours: readonly number[];
  /** The same rounds of each baseline, in the figure's order. */
  readonly baselines: readonly (readonly number[])[];
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
    for (const figure of figures) yield await measure(run, figure, (measurement) => measureFresh(run, measurement));
    return;
  }
  await using opened = await openEnds(run);
  for (const figure of figures) {
    const once = (measurement: AnyMeasure) => measurement(opened.ends, run.effort);
    for (const warm of measurements(figure)) await once(warm);
    yield await measure(run, figure, once);
  }
}

type AnyMeasure = Measure<unknown, unknown>;

function measurements({ ours, baselines }: AnyFigure): AnyMeasure[] {
  return [ours, ...baselines.map(({ measure }) => measure)];
}

/** In each round everything is measured right after each other, and another one goes first. */
async function measure(
  { rounds }: CaseRun,
  figure: AnyFigure,
  once: (measurement: AnyMeasure) => Promise<number>,
): Promise<FigureResult> {
  const all = measurements(figure).map((measurement) => ({ measurement, values: [] as number[] }));
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < all.length; i++) {
      const { measurement, values } = all[(round + i) % all.length];
      values.push(await once(measurement));
    }
  }
  const [ours, ...baselines] = all.map(({ values }) => values);
  return { figure, ours, baselines };
}

async function measureFresh(run: CaseRun, measurement: AnyMeasure): Promise<number> {
  await using opened = await openEnds(run);
  return await measurement(opened.ends, run.effort);
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
    const opened = await benchCase.open(ends);
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
