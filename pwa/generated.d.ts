/** Made by pwa/build/templates.mjs: name of a template → its compiled root. */
declare module "*/generated/templates.js" {
  export const templates: Record<string, unknown>;
}

declare module "*/generated/templates.first.js" {
  export const templates: Record<string, unknown>;
}

declare module "*/generated/templates.later.js" {
  export const templates: Record<string, unknown>;
}

/** Made by pwa/build.mjs out of messages.json: those the first screens use, and the others. */
declare module "*/generated/messages.first.json" {
  const messages: Record<string, string | string[]>;
  export default messages;
}

declare module "*/generated/messages.later.json" {
  const messages: Record<string, string | string[]>;
  export default messages;
}
