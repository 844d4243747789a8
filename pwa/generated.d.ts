/** Made by pwa/build/templates.mjs: name of a template → its compiled root. */
declare module "*/generated/templates.js" {
  export const templates: import("./engine.ts").Templates;
}

declare module "*/generated/templates.first.js" {
  export const templates: import("./engine.ts").Templates;
}

declare module "*/generated/templates.later.js" {
  export const templates: import("./engine.ts").Templates;
}

/** Made by pwa/build.mjs out of messages.json: each message at its number; `later` goes on where `first` ends. */
declare module "*/generated/messages.first.json" {
  const messages: (string | string[])[];
  export default messages;
}

declare module "*/generated/messages.later.json" {
  const messages: (string | string[])[];
  export default messages;
}
