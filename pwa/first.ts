/** Screens of the first open: setting up, PIN, Today, the outbox. The rest (later.ts) comes while the PIN is typed. */
import type { Route } from "./ctx.ts";
import { routes as enrol } from "./handlers/enrol.ts";
import { routes as outbox } from "./handlers/outbox.ts";
import { routes as today } from "./handlers/today.ts";
import { routes as unlock } from "./handlers/unlock.ts";

const home: Route[] = [
  ["GET", "/field", () => new Response(null, { status: 303, headers: { Location: "/field/today" } })],
];

export const first: Route[] = [...home, ...enrol, ...unlock, ...outbox, ...today];
