import { useEffect, useRef } from 'preact/hooks';

/** What each key does; keys as `KeyboardEvent.key` names them, letters in lower case. */
export type Shortcuts = Readonly<Record<string, (() => void) | undefined>>;

/** Single-key shortcuts while the component is there: not while typing, nor in a menu or dialog. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const current = useRef(shortcuts);
  current.current = shortcuts;
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const action = current.current[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!action || event.repeat || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.key !== 'Escape' && isTyping(event.target)) return;
      if (event.target instanceof Element && event.target.closest('dialog, [role="menu"]')) return;
      event.preventDefault();
      action();
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}
