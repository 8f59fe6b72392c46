/** A process of the soak. */
import { serveActor } from "../serve_actor.ts";
import { SoakActor } from "./soak_actor.ts";

await serveActor(new SoakActor());
