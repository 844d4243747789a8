/** The slim runtime of @11ty/nunjucks has no types; this is the part we use. */
declare module "@11ty/nunjucks/browser/nunjucks-slim.js" {
  class SafeString extends String {}
  class Environment {
    constructor(loader: unknown, options: { autoescape: boolean });
    addGlobal(name: string, value: unknown): void;
    addFilter(name: string, filter: (...values: never[]) => unknown): void;
    render(template: string, context: Record<string, unknown>): string;
  }
  const slim: {
    Environment: typeof Environment;
    PrecompiledLoader: new (templates: Record<string, unknown>) => unknown;
    lib: { escape(text: string): string };
    runtime: { SafeString: typeof SafeString };
  };
  export default slim;
}
