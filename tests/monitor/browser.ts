import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Readable } from "node:stream";
import { DevTools } from "./dev_tools.ts";
import { BrowserPage } from "./browser_page.ts";

/** The executable from Debian's package `chromium`. */
const EXECUTABLE = "/usr/bin/chromium";

const FLAGS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-port=0"],
];

/** How long the browser may take to exit, in milliseconds. */
const END_TIMEOUT_MS = 5_000;

/** A headless Chromium with its own profile. Disposing it ends the browser and leaves nothing behind. */
export class Browser implements AsyncDisposable {
  readonly #profile: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #tools!: DevTools;

  static async launch(): Promise<Browser> {
    const browser = new Browser(await mkdtemp(join(tmpdir(), "npws-chromium-")));
    browser.#tools = await DevTools.connect(await addressIn(browser.#child.stderr!));
    return browser;
  }

  private constructor(profile: string) {
    this.#profile = profile;
    this.#child = spawn(EXECUTABLE, [...FLAGS, `--user-data-dir=${profile}`, "about:blank"], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, TMPDIR: profile }, // leftovers are deleted with the profile
    });
    this.#exited = new Promise((resolve) => this.#child.once("exit", () => resolve()));
  }

  /** Opens an empty page. */
  async newPage(): Promise<BrowserPage> {
    const { targetId } = await this.#tools.call("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.#tools.call("Target.attachToTarget", { targetId, flatten: true });
    return await BrowserPage.attach(this.#tools, sessionId);
  }

  /** Closing the browser through its own protocol also ends its child processes. */
  async [Symbol.asyncDispose](): Promise<void> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), END_TIMEOUT_MS);
    await this.#tools.call("Browser.close").catch(() => {}); // it may exit before it answers
    await this.#exited;
    clearTimeout(timer);
    await this.#tools.close();
    this.#child.stderr!.destroy();
    await rm(this.#profile, { recursive: true, maxRetries: 20, retryDelay: 50 });
  }
}

/** The address that the browser listens on, found in its output. */
async function addressIn(errors: Readable): Promise<string> {
  let text = "";
  for await (const part of errors.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    text += part;
    const address = /DevTools listening on (\S+)\s/.exec(text)?.[1];
    if (address === undefined) continue;
    errors.resume(); // the rest of its output is irrelevant
    return address;
  }
  throw new Error(`Cannot start ${EXECUTABLE}: ${text}`);
}
