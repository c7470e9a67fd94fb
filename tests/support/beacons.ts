/** Beacons as a client posts them. */
export type BeaconAnswer = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    readonly code?: string;
    readonly accepted?: number;
    readonly duplicate?: number;
    readonly rejected?: number;
    readonly reasons?: readonly { index: number; why: string; field?: string }[];
  };
};

/** A beacon with these samples, each of the session as a whole unless it names a kind. */
export function beaconOf(session: string, samples: readonly unknown[], firstSequence = 0): Record<string, unknown> {
  const at = Date.now();
  return {
    ...{ v: 1, session, sentAt: at },
    samples: samples.map((sample, index) =>
      typeof sample === 'object' && sample !== null && !Array.isArray(sample)
        ? { kind: 'session', seq: firstSequence + index, at, ms: 2000, ...sample }
        : sample,
    ),
  };
}

/** Posts `body` as it is, or as JSON. */
export async function postBeacon(
  origin: string,
  body: string | Uint8Array<ArrayBuffer> | object,
  headers: Record<string, string> = {},
): Promise<BeaconAnswer> {
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(`${origin}/v1/qoe/beacons`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: raw ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text === '' ? {} : JSON.parse(text)) as BeaconAnswer['body'],
  };
}

export function bearing(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}
