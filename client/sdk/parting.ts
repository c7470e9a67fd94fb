/** What a page has to say as it ends, posted by the browser. */
export type Parting = {
  /** `text` is to be posted to `url` when the page ends, in place of what was to be. */
  prepare(url: string, text: string): void;
  /** The page ends now. */
  say(): void;
  /** Nothing is to be said any more. */
  cancel(): void;
};

/** WICG Deferred Fetch: throws where the quota is used up or the origin is not trustworthy. */
type FetchLater = (url: string, init: RequestInit) => unknown;

/**
 * Where the browser has `fetchLater` (Chromium), it is given the text beforehand, and posts it whatever becomes of the page: one
 * that is busy as its tab is closed may hear of it too late to do anything. Elsewhere `sendBeacon`.
 */
export function createParting(): Parting {
  let post: { url: string; text: string } | undefined;
  let deferred: AbortController | undefined;

  function forget(): void {
    post = undefined;
    deferred = undefined;
  }

  return {
    prepare(url, text) {
      deferred?.abort();
      post = { url, text };
      deferred = defer(url, text);
    },
    say() {
      if (post !== undefined && deferred === undefined) navigator.sendBeacon(post.url, post.text);
      forget();
    },
    cancel() {
      deferred?.abort();
      forget();
    },
  };
}

function defer(url: string, text: string): AbortController | undefined {
  const { fetchLater } = window as { fetchLater?: FetchLater };
  if (fetchLater === undefined) return undefined;
  const abort = new AbortController();
  try {
    fetchLater(url, { method: 'POST', body: text, credentials: 'omit', signal: abort.signal });
    return abort;
  } catch {
    return undefined;
  }
}
