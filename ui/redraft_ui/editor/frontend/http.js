// Calls of the server. An answer is `{status, body}`; status 0 means that nothing came back.

const PATIENCE_MS = 12_000;

/** `call(method, path, body, {keepalive})` on the API at `base`. */
export function caller(base) {
  return async (method, path, body, { keepalive = false } = {}) => {
    let response;
    try {
      response = await fetch(base + path, {
        method,
        keepalive,
        credentials: "same-origin",
        headers: { "X-Redraft": "1", ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: keepalive ? undefined : AbortSignal.timeout(PATIENCE_MS),
      });
      const json = response.headers.get("Content-Type")?.includes("json");
      return { status: response.status, body: json ? await response.json() : null };
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof DOMException || error instanceof SyntaxError)) throw error;
      return { status: 0, body: null };
    }
  };
}

/** Whether it is worth trying again: nothing came back, the server is in trouble, or it asks for patience. */
export const isPassing = ({ status }) => status === 0 || status >= 500 || status === 429 || status === 408;

/** Waiting times that double, up to 15 s, with some chance in them so that not everybody comes back at once. */
export const pause = (tries) => Math.min(15_000, 500 * 2 ** tries) * (0.75 + Math.random() / 2);
