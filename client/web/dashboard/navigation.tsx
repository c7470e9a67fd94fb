import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { addressOf, isSamePlace, readRoute, type Route } from './route.ts';

type Listener = (route: Route) => void;
const listeners = new Set<Listener>();

/** Goes to `route`, as one step back in the browser's history; with `replace` in place of the step that is there. */
export function go(route: Route, { replace = false }: { replace?: boolean } = {}): void {
  const before = readRoute(location.pathname, location.search);
  const address = addressOf(route);
  if (address !== location.pathname + location.search)
    history[replace ? 'replaceState' : 'pushState'](null, '', address);
  if (!isSamePlace(before, route)) scrollTo(0, 0);
  for (const listener of listeners) listener(route);
}

/** The route that the address names, now and whenever it changes. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => readRoute(location.pathname, location.search));
  useEffect(() => {
    const moved = (): void => setRoute(readRoute(location.pathname, location.search));
    listeners.add(setRoute);
    addEventListener('popstate', moved);
    return () => {
      listeners.delete(setRoute);
      removeEventListener('popstate', moved);
    };
  }, []);
  return route;
}

type LinkProps = Omit<JSX.IntrinsicElements['a'], 'href' | 'onClick' | 'role'> & {
  to: Route;
  children: ComponentChildren;
};

/** A link within the dashboard: loads nothing anew, and opens in a new tab where that is asked for. */
export function Link({ to, children, ...rest }: LinkProps): JSX.Element {
  return (
    <a
      {...rest}
      href={addressOf(to)}
      onClick={(event) => {
        if (event.defaultPrevented || event.button !== 0) return;
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        go(to);
      }}
    >
      {children}
    </a>
  );
}
