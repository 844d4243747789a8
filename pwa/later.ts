/** The second part of the program: fetched from the worker's cache once the first page stands, or at the first tap that needs it. */
import messages from "./generated/messages.later.json" with { type: "json" };
import { templates } from "./generated/templates.later.js";
import { places } from "./places.ts";
import { tasks } from "./tasks.ts";

// One file weighs less than many small ones: what is fetched later comes together, but for the signature pad.
export { openCamera } from "./camera.ts";
export { bring } from "./carry.ts";
export { openGroups } from "./groups.ts";
export { makeFile, pickFile } from "./handover.ts";
export { keepForFormerSelf } from "./store/carried.ts";
export const routes = [...places, ...tasks];
export { messages, templates };
