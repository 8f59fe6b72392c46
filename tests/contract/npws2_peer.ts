/** The other process of a test: it runs methods of a `PoolActor`. */
import { serveActor } from "../serve_actor.ts";
import { PoolActor } from "./npws2_actor.ts";

await serveActor(new PoolActor());
