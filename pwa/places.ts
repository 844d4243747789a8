/** Screens of a person, of find and of the agent's own place; with the tasks they make the second part (later.ts). */
import type { Route } from "./ctx.ts";
import { routes as find } from "./handlers/find.ts";
import { routes as me } from "./handlers/me.ts";
import { routes as residents } from "./handlers/residents.ts";

export const places: Route[] = [...find, ...me, ...residents];
