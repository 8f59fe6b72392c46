/** The other process of a test: runs methods of a `TrafficActor`. */
import { serveActor } from "../serve_actor.ts";
import { TrafficActor } from "./traffic_actor.ts";

await serveActor(new TrafficActor());
