/** English, all of it: a file of its own, fetched from the worker's cache when the phone speaks English. */
import messages from "./generated/messages.english.json" with { type: "json" };

export { messages };
