/** How many tests passed, failed and were skipped. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Reads the JUnit XML of `deno test` and `bun test`. Both escape "<" and ">" in names and messages, so patterns find the tags.
 */
export function parseJunit(xml: string): TestCounts {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const [, body = ""] of xml.matchAll(/<testcase\s[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g)) {
    if (/<(?:failure|error)\b/.test(body)) counts.failed++;
    else if (/<skipped\b/.test(body)) counts.skipped++;
    else counts.passed++;
  }
  return counts;
}

/**
 * Adds failures that the report does not show: a run that failed although all tests in its report passed (a file that did not
 * load, or a crash), and a run without any test.
 */
export function judge(report: TestCounts, failure: string | undefined): TestCounts & { problem?: string } {
  const { passed, failed, skipped } = report;
  const problem = failure ?? (passed + failed + skipped === 0 ? "no test was run" : undefined);
  return problem && failed === 0 ? { passed, failed: 1, skipped, problem } : { passed, failed, skipped };
}

/** "3 passed, 0 failed, 1 skipped". */
export function describeCounts({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
