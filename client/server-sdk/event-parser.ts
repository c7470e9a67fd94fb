/**
 * Server-sent events out of a stream of text (HTML standard §9.2.6), for `fetch`: `EventSource` sends no headers, and the
 * API key belongs into one.
 */

export type ParsedEvent = { event: string; data: string };

/** Longest event that is taken, in characters: what sends more than that is not our server. */
const LONGEST = 4 * 1024 * 1024;

/**
 * Takes pieces of text as they come, however they are cut, and gives the events that are complete. `position` is called
 * where nothing but an id came: up to there is nothing for this reader.
 */
export function eventParser(position: (id: string) => void = () => undefined): (piece: string) => ParsedEvent[] {
  let rest = '';
  let event = '';
  let id: string | undefined;
  let data: string[] = [];

  const line = (text: string): ParsedEvent | undefined => {
    if (text === '') {
      const done = data.length > 0 ? { event: event || 'message', data: data.join('\n') } : undefined;
      if (done === undefined && id !== undefined) position(id);
      event = '';
      id = undefined;
      data = [];
      return done;
    }
    const colon = text.indexOf(':');
    // A comment, which keeps the connection alive.
    if (colon === 0) return undefined;
    const name = colon === -1 ? text : text.slice(0, colon);
    const value = colon === -1 ? '' : text.slice(colon + 1).replace(/^ /u, '');
    if (name === 'event') event = value;
    else if (name === 'id') id = value;
    else if (name === 'data') data.push(value);
    return undefined;
  };

  return (piece) => {
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/u);
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST) throw new RangeError('An event of the stream has no end.');
    return lines.map(line).filter((found) => found !== undefined);
  };
}
