/** WHIP and WHEP as a client of any make speaks them: one POST, and one DELETE. */
export type Exchange = {
  readonly answer: string;
  readonly location: string;
  /** Ends the session; resolves with the status. */
  readonly end: () => Promise<number>;
};

/** Where and as whom a client publishes or plays. */
export type Endpoint = { readonly url: string; readonly token: string };

/** Posts an offer; throws what the server says where it is refused. */
export async function exchange({ url, token }: Endpoint, offer: string): Promise<Exchange> {
  const authorization = `Bearer ${token}`;
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp', authorization },
    body: offer,
  });
  const answer = await response.text();
  if (response.status !== 201) throw new Error(`${response.status}: ${answer}`);
  const location = new URL(response.headers.get('location') ?? '', url).href;
  return {
    answer,
    location,
    end: async () => (await fetch(location, { method: 'DELETE', headers: { authorization } })).status,
  };
}
