// One way to ask a service for JSON, and one error for every way that it can fail.

const LIMIT = 15_000; // milliseconds until an unanswered request is given up

/** A refusal, or no answer at all (status 0). `code` is the service's own; branch on it, never on the text. */
export class ApiError extends Error {
  constructor(status, { code, message, field = null, detail = null }) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.field = field;
    this.detail = detail;
  }
}

/** The answer of `base + path`, an object with `ok: true`. A body makes it a POST. */
export async function request(base, path, { body, token, signal, accept = [] } = {}) {
  const headers = { Accept: "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const limit = AbortSignal.timeout(LIMIT);
  let response;
  try {
    response = await fetch(base + path, {
      method: body === undefined ? "GET" : "POST",
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    const reason = limit.aborted ? `did not answer within ${LIMIT / 1000} s` : "cannot be reached";
    throw new ApiError(0, { code: "UNREACHABLE", message: `${base || location.origin} ${reason}.` });
  }
  let answer;
  try {
    answer = await response.json();
  } catch {
    answer = null;
  }
  if (answer && (response.ok || accept.includes(response.status))) return answer;
  const fallback = { code: `HTTP_${response.status}`, message: `${base}${path} answered ${response.status}.` };
  const failure = new ApiError(response.status, answer?.error?.code ? answer.error : fallback);
  failure.retryAfter = Number(response.headers.get("Retry-After")) || null;
  throw failure;
}

const WAITS = [0.5, 1, 2, 4, 8]; // seconds before each further try

/** What `ask` answers; while nobody answers it is asked again, a bounded number of times, and `tell` is told what for. */
export async function patiently(ask, tell) {
  for (const wait of WAITS) {
    try {
      return await ask();
    } catch (error) {
      const away = error instanceof ApiError && [0, 502, 503, 504].includes(error.status);
      if (!away) throw error;
      tell(`${error.message} Trying again in ${wait} s.`);
      await new Promise((done) => setTimeout(done, wait * 1000));
    }
  }
  return ask();
}
