/** Screens of the work itself: visit, verification, request, delivery, changes, deaths, inbox, complaints. */
import type { Route } from "./ctx.ts";
import { routes as changes } from "./handlers/changes.ts";
import { routes as complaints } from "./handlers/complaints.ts";
import { routes as consents } from "./handlers/consents.ts";
import { routes as corrections } from "./handlers/corrections.ts";
import { routes as deaths } from "./handlers/deaths.ts";
import { routes as deliveries } from "./handlers/deliveries.ts";
import { routes as handover } from "./handlers/handover.ts";
import { routes as inbox } from "./handlers/inbox.ts";
import { routes as provisional } from "./handlers/provisional.ts";
import { routes as recover } from "./handlers/recover.ts";
import { routes as requests } from "./handlers/requests.ts";
import { routes as verifications } from "./handlers/verifications.ts";
import { routes as visits } from "./handlers/visits.ts";

export const tasks: Route[] = [
  ...[...changes, ...complaints, ...consents, ...corrections, ...deaths, ...deliveries, ...inbox, ...provisional],
  ...[...recover, ...requests, ...verifications, ...visits, ...handover],
];
