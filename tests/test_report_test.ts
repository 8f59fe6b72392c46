import { assertEquals } from "@std/assert";
import { describeCounts, judge, parseJunit } from "../scripts/test_report.ts";
import { test } from "./harness.ts";

const passed = { passed: 2, failed: 0, skipped: 1 };
const failed = { passed: 2, failed: 3, skipped: 0 };
const nothing = { passed: 0, failed: 0, skipped: 0 };

test("parseJunit() counts what Deno reports", () => {
  const report = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="4" failures="2" errors="0" time="0.145">
    <testsuite name="./tests/harness.ts" tests="4" disabled="1" errors="0" failures="2">
        <testcase name="a &lt;testcase /&gt; in a name" classname="./tests/harness.ts" time="0.000" line="1" col="6">
        </testcase>
        <testcase name="skipped" classname="./tests/harness.ts" time="0.000" line="2" col="6">
            <skipped/>
        </testcase>
        <testcase name="failed" classname="./tests/harness.ts" time="0.001" line="3" col="6">
            <failure message="Uncaught Error: boom &lt;skipped/&gt;">Error: boom &lt;skipped/&gt;
    at file:///tests/a_test.ts:3:32</failure>
        </testcase>
        <testcase name="failed to run" classname="./tests/harness.ts" time="0.001" line="4" col="6">
            <error message="boom">boom</error>
        </testcase>
    </testsuite>
</testsuites>`;
  assertEquals(parseJunit(report), { passed: 1, failed: 2, skipped: 1 });
});

test("parseJunit() counts what Bun reports", () => {
  const report = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="3" assertions="0" failures="1" skipped="1" time="0.008997222">
  <testsuite name="a_test.ts" file="a_test.ts" tests="3" assertions="0" failures="1" skipped="1" time="0.001608665">
    <testcase name="passed" classname="" time="0.000061" file="a_test.ts" line="2" assertions="0" />
    <testcase name="skipped" classname="" time="0" file="a_test.ts" line="3" assertions="0">
      <skipped />
    </testcase>
    <testcase name="failed" classname="" time="0.000144" file="a_test.ts" line="4" assertions="0">
      <failure type="Error" message="boom">Error: boom&#10;      at a_test.ts:4:47&#10;</failure>
    </testcase>
  </testsuite>
</testsuites>`;
  assertEquals(parseJunit(report), { passed: 1, failed: 1, skipped: 1 });
});

test("parseJunit() counts nothing in the empty report of a run that crashed", () => {
  assertEquals(parseJunit(""), nothing);
});

test("judge() adds nothing to a run that succeeded, or whose failures are in its report", () => {
  assertEquals(judge(passed, undefined), passed);
  assertEquals(judge(failed, "exit code 1"), failed);
});

test("judge() counts a run that failed without a failed test as one failure", () => {
  assertEquals(judge(passed, "killed by SIGSEGV"), { ...passed, failed: 1, problem: "killed by SIGSEGV" });
  assertEquals(judge(nothing, "exit code 1"), { ...nothing, failed: 1, problem: "exit code 1" });
});

test("judge() counts a run without tests as one failure", () => {
  assertEquals(judge(nothing, undefined), { ...nothing, failed: 1, problem: "no test was run" });
});

test("describeCounts() names skipped tests where there are any", () => {
  assertEquals(describeCounts({ passed: 3, failed: 1, skipped: 0 }), "3 passed, 1 failed");
  assertEquals(describeCounts({ passed: 3, failed: 0, skipped: 2 }), "3 passed, 0 failed, 2 skipped");
});
