/** Asking the county. Every wait has a limit, for a weak signal is worse than none; an answer is one of three kinds. */

export type Answer<T> =
  | { kind: "ok"; status: number; body: T; at: number }
  | { kind: "refused"; status: number; code: string; facts: Record<string, unknown> }
  | { kind: "unreachable"; why: "no-signal" | "too-slow" | "cut" };

export interface Ask {
  method?: "GET" | "POST" | "PUT";
  /** Sent as JSON, gzipped where the browser can and it is worth it. */
  json?: unknown;
  bytes?: ArrayBuffer;
  /** Bearer token: a claim, or the mailbox. */
  token?: string;
  limitMs?: number;
}

export type Net = <T>(path: string, ask?: Ask) => Promise<Answer<T>>;

export const LIMIT_MS = 20_000;
/** What fails sooner never left the phone; what fails later was under way, and is worth another try at once. */
const UNDER_WAY_MS = 1_000;
const WORTH_GZIP = 1_000; // bytes: below, the header eats the gain

export function makeNet(fetcher: typeof fetch, now: () => number = Date.now): Net {
  return async <T>(path: string, ask: Ask = {}): Promise<Answer<T>> => {
    const stop = new AbortController();
    const began = now();
    const timer = setTimeout(() => stop.abort(), ask.limitMs ?? LIMIT_MS);
    const headers: Record<string, string> = { Accept: "application/json" };
    if (ask.token) headers.Authorization = `Bearer ${ask.token}`;
    try {
      let body: BodyInit | undefined;
      if (ask.bytes) {
        body = ask.bytes;
        headers["Content-Type"] = "application/octet-stream";
      } else if (ask.json !== undefined) {
        const text = JSON.stringify(ask.json);
        headers["Content-Type"] = "application/json";
        const small = text.length > WORTH_GZIP ? await gzip(text) : null;
        if (small) headers["Content-Encoding"] = "gzip";
        body = small ?? text;
      }
      const method = ask.method ?? (body === undefined ? "GET" : "POST");
      const init: RequestInit = { method, headers, signal: stop.signal, cache: "no-store", redirect: "error" };
      const response = await fetcher(path, {
        ...init,
        ...(body === undefined ? {} : { body }),
        credentials: "same-origin",
      });
      const text = await response.text();
      const json = text ? parse(text) : null;
      // A proxy's page for a server that is down, or a network's page that asks for a number, is not the county speaking:
      // both may come with 200. Only 204 says nothing.
      if (response.status !== 204 && (json === null || typeof json !== "object"))
        return { kind: "unreachable", why: "cut" };
      if (response.ok) return { kind: "ok", status: response.status, body: json as T, at: now() };
      const { code, ...rest } = json as { code?: string; facts?: Record<string, unknown> };
      return { kind: "refused", status: response.status, code: code ?? "", facts: { ...rest, ...rest.facts } };
    } catch {
      if (stop.signal.aborted) return { kind: "unreachable", why: "too-slow" };
      return { kind: "unreachable", why: now() - began < UNDER_WAY_MS ? "no-signal" : "cut" };
    } finally {
      clearTimeout(timer);
    }
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function gzip(text: string): Promise<ArrayBuffer | null> {
  if (typeof CompressionStream === "undefined") return null;
  const squeezed = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Response(squeezed).arrayBuffer();
}
