/** Method and pattern to handler; nothing else. */
import type { Handler, Method, Route } from "./ctx.ts";

export interface Match {
  handler: Handler;
  params: Record<string, string>;
  open: boolean;
}

export class Router {
  #routes: { method: Method; pattern: RegExp; names: string[]; handler: Handler; open: boolean }[] = [];

  constructor(routes: Iterable<Route>) {
    this.add(routes);
  }

  add(routes: Iterable<Route>): void {
    for (const [method, path, handler, options] of routes) {
      const names: string[] = [];
      const source = path.replace(/:(\w+)/g, (_, name: string) => {
        names.push(name);
        return "([^/]+)";
      });
      this.#routes.push({ method, pattern: new RegExp(`^${source}/?$`), names, handler, open: options?.open ?? false });
    }
  }

  match(method: string, path: string): Match | undefined {
    for (const { method: wanted, pattern, names, handler, open } of this.#routes) {
      const found = wanted === method && pattern.exec(path);
      if (!found) continue;
      const params = Object.fromEntries(names.map((name, at) => [name, decodeURIComponent(found[at + 1]!)]));
      return { handler, params, open };
    }
    return undefined;
  }
}
