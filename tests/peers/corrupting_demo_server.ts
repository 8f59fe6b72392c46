/** The demo's server, except that it changes the first byte that it sends back. */
import process from "node:process";
import { echo } from "../../examples/demo/echo.ts";
import { serve } from "../../examples/demo/serve.ts";

await serve(process.stdin, process.stdout, ({ readable, writable }) => {
  const writer = writable.getWriter();
  let isFirst = true;
  return echo({
    readable,
    writable: new WritableStream({
      async write(chunk) {
        const copy = chunk.slice();
        if (isFirst) copy[0] ^= 1;
        isFirst = false;
        await writer.write(copy);
      },
      close: () => writer.close(),
    }),
  });
});
