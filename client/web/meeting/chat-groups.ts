type Said = { readonly identity: string; readonly at: number };

const TOGETHER_MS = 3 * 60_000;

/** Messages in order, those of one person within three minutes of the first together. */
export function groupMessages<Message extends Said>(messages: readonly Message[]): Message[][] {
  const groups: Message[][] = [];
  for (const message of messages) {
    const group = groups.at(-1);
    const first = group?.[0];
    if (group && first && first.identity === message.identity && message.at - first.at < TOGETHER_MS)
      group.push(message);
    else groups.push([message]);
  }
  return groups;
}
