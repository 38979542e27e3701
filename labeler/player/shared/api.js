// Talks to the server's routes.

// A browser lets a page that goes send 64 KiB, all its requests together. Any request that asks for more fails.
const LARGEST_WHILE_LEAVING = 60 * 1024;

let base = "";

// The path that the app is served under: empty, or without a last slash.
export function servedUnder(path) {
  base = path;
}

// An address of the server, for what is fetched by the browser itself.
export function addressOf(path) {
  return base + path;
}

// An answer of the server other than success; `status` is 0 when there was no answer at all.
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export async function errorOf(response) {
  try {
    return new ApiError(response.status, (await response.json()).error ?? response.statusText);
  } catch {
    return new ApiError(response.status, response.statusText);
  }
}

// How large a value is as JSON, in bytes.
export function bytesOf(value) {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

// `leaving` lets the message arrive although the page goes.
export async function post(path, message, { leaving = false } = {}) {
  let response;
  try {
    response = await fetch(base + path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(message),
      keepalive: leaving && bytesOf(message) <= LARGEST_WHILE_LEAVING,
    });
  } catch {
    throw new ApiError(0, "The server does not answer.");
  }
  if (!response.ok) throw await errorOf(response);
  return response.json();
}

// crypto.randomUUID exists on https and localhost only; a team's server is often plain http.
export function newUuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
