/** Screens of the first open: setting up, PIN, the four places, a person. The rest (later.ts) comes when the phone is idle. */
import type { Route } from "./ctx.ts";
import { routes as enrol } from "./handlers/enrol.ts";
import { routes as find } from "./handlers/find.ts";
import { routes as me } from "./handlers/me.ts";
import { routes as outbox } from "./handlers/outbox.ts";
import { routes as residents } from "./handlers/residents.ts";
import { routes as today } from "./handlers/today.ts";
import { routes as unlock } from "./handlers/unlock.ts";

const home: Route[] = [
  ["GET", "/field", () => new Response(null, { status: 303, headers: { Location: "/field/today" } })],
];

export const first: Route[] = [...home, ...enrol, ...unlock, ...outbox, ...me, ...today, ...find, ...residents];
