/** Every screen of the phone (patterns do not overlap); the tests ask all of them. */
import type { Route } from "./ctx.ts";
import { first } from "./first.ts";
import { places } from "./places.ts";
import { tasks } from "./tasks.ts";

export const routes: Route[] = [...first, ...places, ...tasks];
