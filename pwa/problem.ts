/** A refusal on the phone: it carries the facts, `templates/field/problems/<code>.html` speaks (style §7). */
export class Problem extends Error {
  constructor(
    readonly code: string,
    readonly facts: Record<string, unknown> = {},
    readonly status: 401 | 403 | 404 | 409 | 422 | 500 = 422,
  ) {
    super(code);
  }
}
