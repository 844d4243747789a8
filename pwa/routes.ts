/** Every screen of the phone: the handler modules, in no particular order (patterns do not overlap). */
import type { Route } from "./ctx.ts";
import { routes as changes } from "./handlers/changes.ts";
import { routes as complaints } from "./handlers/complaints.ts";
import { routes as consents } from "./handlers/consents.ts";
import { routes as corrections } from "./handlers/corrections.ts";
import { routes as deaths } from "./handlers/deaths.ts";
import { routes as deliveries } from "./handlers/deliveries.ts";
import { routes as enrol } from "./handlers/enrol.ts";
import { routes as find } from "./handlers/find.ts";
import { routes as inbox } from "./handlers/inbox.ts";
import { routes as me } from "./handlers/me.ts";
import { routes as outbox } from "./handlers/outbox.ts";
import { routes as provisional } from "./handlers/provisional.ts";
import { routes as requests } from "./handlers/requests.ts";
import { routes as residents } from "./handlers/residents.ts";
import { routes as today } from "./handlers/today.ts";
import { routes as unlock } from "./handlers/unlock.ts";
import { routes as verifications } from "./handlers/verifications.ts";
import { routes as visits } from "./handlers/visits.ts";

const home: Route[] = [
  ["GET", "/field", () => new Response(null, { status: 303, headers: { Location: "/field/today" } })],
];

const more: Route[] = [
  ...[...changes, ...complaints, ...consents, ...corrections, ...deaths, ...deliveries],
  ...[...inbox, ...provisional, ...requests, ...verifications],
];

export const routes: Route[] = [
  ...home,
  ...enrol,
  ...unlock,
  ...outbox,
  ...me,
  ...today,
  ...find,
  ...residents,
  ...visits,
  ...more,
];
