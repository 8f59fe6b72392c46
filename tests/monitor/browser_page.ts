import { writeFile } from "node:fs/promises";
import type { DevTools, Fields } from "./dev_tools.ts";

/** The screen that a page is viewed on. */
export interface Screen {
  readonly width: number;
  readonly height: number;
  readonly scheme: "light" | "dark";
}

/** A page in the browser. */
export class BrowserPage {
  /** Everything that went wrong in the page: exceptions, console errors, and requests that failed or were refused. */
  readonly problems: string[] = [];
  /** Rejects when a script of the page throws. */
  readonly #broken = Promise.withResolvers<never>();
  readonly #tools: DevTools;
  readonly #sessionId: string;

  static async attach(tools: DevTools, sessionId: string): Promise<BrowserPage> {
    const page = new BrowserPage(tools, sessionId);
    for (const domain of ["Page", "Runtime", "Log"]) await page.#call(`${domain}.enable`);
    return page;
  }

  private constructor(tools: DevTools, sessionId: string) {
    this.#tools = tools;
    this.#sessionId = sessionId;
    this.#broken.promise.catch(() => {}); // reported by until()
    tools.listen(sessionId, (method, params) => this.#hear(method, params));
  }

  async setScreen({ width, height, scheme }: Screen): Promise<void> {
    const mobile = width < 600;
    const deviceScaleFactor = mobile ? 2 : 1;
    await this.#call("Emulation.setDeviceMetricsOverride", { width, height, mobile, deviceScaleFactor });
    await this.#call("Emulation.setScrollbarsHidden", { hidden: true }); // screenshots would leave room for them
    const features = [{ name: "prefers-color-scheme", value: scheme }];
    await this.#call("Emulation.setEmulatedMedia", { features });
  }

  async open(url: string): Promise<void> {
    await this.#call("Page.navigate", { url });
  }

  /**
   * The result of a function that runs in the page, or of its promise. It must use nothing but its arguments, which travel as
   * JSON.
   */
  async run<Value, Args extends unknown[]>(inPage: (...args: Args) => Value, ...args: Args): Promise<Awaited<Value>> {
    return await this.#evaluate(callOf(inPage, args)) as Awaited<Value>;
  }

  /** Resolves once a function returns true; it is called on every drawn frame. Rejects if a script throws. */
  async until<Args extends unknown[]>(inPage: (...args: Args) => boolean, ...args: Args): Promise<void> {
    const isTrue = this.#evaluate(`new Promise((resolve) => {
      const look = () => ${callOf(inPage, args)} ? resolve() : requestAnimationFrame(look);
      look();
    })`);
    await Promise.race([isTrue, this.#broken.promise]);
  }

  /** Moves the mouse to a position in the window. */
  async point(x: number, y: number): Promise<void> {
    await this.#call("Input.dispatchMouseEvent", { type: "mouseMoved", x, y });
  }

  /** Saves a screenshot of the whole page as a PNG file. */
  async screenshot(path: string): Promise<void> {
    const { data } = await this.#call("Page.captureScreenshot", { format: "png", captureBeyondViewport: true });
    await writeFile(path, Uint8Array.from(atob(data), (character) => character.charCodeAt(0)));
  }

  async close(): Promise<void> {
    await this.#call("Page.close");
  }

  async #evaluate(expression: string): Promise<unknown> {
    const options = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.#call("Runtime.evaluate", options);
    if (exceptionDetails) throw new Error(`Cannot run ${expression}: ${JSON.stringify(exceptionDetails)}`);
    return result.value;
  }

  #call(method: string, params?: Fields): Promise<Fields> {
    return this.#tools.call(method, params, this.#sessionId);
  }

  #hear(method: string, params: Fields): void {
    if (method === "Runtime.exceptionThrown") {
      const { exception, text, url } = params.exceptionDetails;
      this.problems.push(`${exception?.description ?? text} in ${url}`);
      this.#broken.reject(new Error(this.problems.at(-1)));
    }
    if (method === "Runtime.consoleAPICalled" && params.type === "error") {
      this.problems.push(JSON.stringify(params.args));
    }
    if (method === "Log.entryAdded" && params.entry.level === "error") {
      this.problems.push(`${params.entry.text} ${params.entry.url ?? ""}`);
    }
  }
}

function callOf(inPage: (...args: never[]) => unknown, args: unknown[]): string {
  return `(${inPage})(...${JSON.stringify(args)})`;
}
