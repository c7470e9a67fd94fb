import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

/** What the tab is called while the component is there. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Sluice dashboard`;
  }, [title]);
}

let drawnBefore = false;

/**
 * A page's heading, and the tab's title. It takes the focus when one comes to the page from another one: from here a screen
 * reader reads on, and the next Tab goes into the page.
 */
export function PageHeading({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useTitle(title);
  // Before anybody can press a key that is meant for the page.
  useLayoutEffect(() => {
    if (drawnBefore) heading.current?.focus({ preventScroll: true });
    drawnBefore = true;
  }, [title]);
  return (
    <h1 ref={heading} tabIndex={-1} class="page-heading">
      {children ?? title}
    </h1>
  );
}
