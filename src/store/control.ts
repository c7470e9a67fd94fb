/** What the main thread and the store's thread tell each other. Each part of the store is a file of its own, and has a name. */
export type ToThread =
  | { readonly type: 'open'; readonly part: string; readonly start: unknown }
  | { readonly type: 'order'; readonly part: string; readonly order: unknown }
  | { readonly type: 'close'; readonly part: string }
  | { readonly type: 'end' };

export type FromThread =
  | { readonly type: 'report'; readonly part: string; readonly report: unknown }
  | { readonly type: 'closed'; readonly part: string };
