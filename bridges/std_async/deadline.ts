export { deadline, type DeadlineOptions } from "./mod.ts";
