import { assertEquals, assertNotEquals } from "@std/assert";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ServerPool } from "@npws/pool";
import { serve } from "../../examples/monitor/demo/serve.ts";
import { monitor } from "../../examples/monitor/monitor.ts";
import { runtimeName, test } from "../harness.ts";
import { isAvailable } from "../debian_programs.ts";
import { Browser } from "./browser.ts";
import { background, charts, coveredLabels, faintTexts, isLaidOut, pageWidth, poorTexts } from "./look.js";
import type { BrowserPage, Screen } from "./browser_page.ts";
import { tellStory } from "./story.ts";

const skip = !isAvailable("chromium");

/** Where the screenshots are stored. */
const artifacts = fileURLToPath(new URL("../../artifacts/", import.meta.url));

const screens: Record<string, Screen> = {
  light: { width: 1200, height: 900, scheme: "light" },
  dark: { width: 1200, height: 900, scheme: "dark" },
  tablet: { width: 768, height: 1024, scheme: "dark" },
  phone: { width: 360, height: 780, scheme: "light" },
  "phone-dark": { width: 360, height: 780, scheme: "dark" },
};

/** The monitor's page, with a prepared story instead of the live feed. */
function serveStory() {
  const handle = monitor({});
  return serve("127.0.0.1", 0, (request) => {
    if (!request.url.endsWith("/events")) return handle(request);
    return new Response(storyStream(), { headers: { "content-type": "text/event-stream" } });
  }, new ServerPool());
}

/** The whole story at once. The stream does not end, because the page would then report a lost connection. */
function storyStream(): ReadableStream<Uint8Array> {
  const story = tellStory();
  const last = story.pop();
  let timer: ReturnType<typeof setInterval>;
  return new ReadableStream<string>({
    start(controller) {
      controller.enqueue(`event: history\ndata: ${JSON.stringify(story)}\n\ndata: ${JSON.stringify(last)}\n\n`);
      timer = setInterval(() => controller.enqueue(":\n\n"), 1_000); // a server may close a silent connection
    },
    cancel: () => clearInterval(timer),
  }).pipeThrough(new TextEncoderStream());
}

/** What the charts show at the end of the story. */
const described = [
  { title: "Links", label: "Links: idle 11, in use 5, capacity 16", shapes: 5 },
  { title: "Take latency", label: "Take latency: median 2.17 ms, 99 % 9.62 ms", shapes: 2 },
  { title: "Throughput", label: "Throughput: read 4.48 MB/s, written 2.2 MB/s", shapes: 2 },
  { title: "Waiting", label: "Waiting: waiting 1", shapes: 2 },
  {
    title: "Connections and dials",
    label: "Connections and dials: connections taken 23, links opened 0",
    shapes: 2,
  },
  { title: "Failures", label: "Failures: dials 0, timeouts 0, links lost 0, refused 0", shapes: 4 },
];

async function checkLook(page: BrowserPage, screen: Screen): Promise<void> {
  assertEquals(await page.run(pageWidth), screen.width);
  assertEquals(await page.run(poorTexts), []);
  assertEquals(await page.run(coveredLabels), []);
  assertEquals(await page.run(faintTexts), []);
}

test("monitor's page can be read in light and dark, and on a phone", async () => {
  mkdirSync(artifacts, { recursive: true });
  const http = serveStory();
  try {
    await using browser = await Browser.launch();
    const page = await browser.newPage();
    await page.setScreen(screens.light);
    await page.open(`http://127.0.0.1:${http.port}/`);
    const backgrounds: Record<string, string> = {};
    for (const [name, screen] of Object.entries(screens)) {
      await page.setScreen(screen);
      await page.until(isLaidOut);
      await checkLook(page, screen);
      backgrounds[screen.scheme] = await page.run(background);
      await page.screenshot(`${artifacts}monitor-${name}-${runtimeName}.png`);
    }
    assertEquals(await page.run(charts), described);
    assertNotEquals(backgrounds.light, backgrounds.dark);
    assertEquals(page.problems, []);
    await page.close();
  } finally {
    await http.close();
  }
}, { skip });
