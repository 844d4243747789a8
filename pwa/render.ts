/** A page as a Response. `page`, `_` and the filters are there in every template. */
import type { PageFacts, RenderInit } from "./ctx.ts";
import type { Engine } from "./engine.ts";

export function page(
  engine: Engine,
  facts: PageFacts,
  template: string,
  context: Record<string, unknown>,
  init: RenderInit = {},
): Response {
  const html = engine.render(template, { ...context, page: facts });
  const headers = { "Content-Type": "text/html; charset=utf-8", ...init.headers };
  return new Response(html, { status: init.status ?? 200, headers });
}
