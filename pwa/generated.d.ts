/** Made by pwa/build/templates.mjs: name of a template → its compiled root. */
declare module "*/generated/templates.js" {
  export const templates: Record<string, unknown>;
}
