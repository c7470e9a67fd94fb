import type { Listenable, Scope } from './scope.ts';

/** What the page hears of the network and of its own end. */
export type PageListener = {
  /** The network is back, or is another one. */
  networkChanged(): void;
  /** The page is in front again: a phone may have slept meanwhile. */
  shown(): void;
  /** The page is out of sight. On a phone that may be the last that it hears. */
  hidden(): void;
  /** The page is about to go for good. */
  going(): void;
};

/** Network Information API: Chromium has it, and tells the type of network on phones only. */
type NetworkInformation = Listenable & { type?: string };

export function watchPage(scope: Scope, listener: PageListener): void {
  scope.listen(window, 'online', () => listener.networkChanged());
  scope.listen(document, 'visibilitychange', () => {
    if (document.visibilityState === 'visible') listener.shown();
    else listener.hidden();
  });
  // A page that the browser keeps for its back button (`persisted`) comes back as it was.
  scope.listen(window, 'pagehide', (event) => {
    if (!(event as PageTransitionEvent).persisted) listener.going();
  });
  const { connection } = navigator as { connection?: NetworkInformation };
  if (connection === undefined) return;
  let type = connection.type;
  // It fires for every new estimate of bandwidth too; only another type is another network.
  scope.listen(connection, 'change', () => {
    if (connection.type === type) return;
    type = connection.type;
    if (type !== 'none') listener.networkChanged();
  });
}
