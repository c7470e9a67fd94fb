/** Everything that comes in pages, one item at a time: the next page is asked for when it is wanted. */
export async function* pages<Page, Item, Cursor>(
  read: (cursor?: Cursor) => Promise<Page>,
  open: (page: Page) => { items: readonly Item[]; next: Cursor | undefined },
): AsyncGenerator<Item, void> {
  for (let cursor: Cursor | undefined; ;) {
    const { items, next } = open(await read(cursor));
    yield* items;
    if (next === undefined) return;
    cursor = next;
  }
}
