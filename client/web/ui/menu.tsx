import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import { IconButton } from './button.tsx';
import { classes } from './classes.ts';
import type { Icon } from './icons.tsx';
import { CheckIcon } from './icons.tsx';

export type MenuItem = {
  key: string;
  label: string;
  icon?: Icon | undefined;
  /** Given for one of several choices: whether it is the chosen one. */
  checked?: boolean | undefined;
  disabled?: boolean | undefined;
  onSelect: () => void;
};
export type MenuGroup = { title?: string | undefined; items: MenuItem[] };
export type MenuProps = {
  /** Name of the button that opens the menu, and of the menu. */
  label: string;
  icon: Icon;
  groups: MenuGroup[];
  compact?: boolean | undefined;
  /** For a button at the right edge of something that scrolls: opens below it, to the left. */
  below?: boolean | undefined;
  badge?: number | undefined;
  /** Called as it opens, to bring what it shows up to date. */
  onOpen?: (() => void) | undefined;
};

/** A button with a menu that opens above it, or below. Keys as the ARIA practices have them: arrows, Home, End, letters, Escape. */
export function Menu({ label, icon, groups, compact = false, below = false, badge, onOpen }: MenuProps): JSX.Element {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useDismiss(open, root, () => setOpen(false));
  const close = (): void => {
    setOpen(false);
    button.current?.focus();
  };
  const toggle = (): void => {
    if (!open) onOpen?.();
    setOpen(!open);
  };
  return (
    <div class={classes('menu', compact && 'menu-compact', below && 'menu-below')} ref={root}>
      <IconButton
        buttonRef={button}
        icon={icon}
        label={label}
        badge={badge}
        aria-haspopup="menu"
        aria-expanded={open}
        tip={open || below ? 'none' : 'above'}
        onClick={toggle}
        onKeyDown={(event: KeyboardEvent) => {
          if (open || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
          event.preventDefault();
          toggle();
        }}
      />
      {open && <MenuPopup label={label} groups={groups} onClose={close} />}
    </div>
  );
}

function MenuPopup({
  label,
  groups,
  onClose,
}: {
  label: string;
  groups: MenuGroup[];
  onClose: () => void;
}): JSX.Element {
  const popup = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const items = itemsOf(popup.current);
    (items.find((item) => item.getAttribute('aria-checked') === 'true') ?? items[0])?.focus();
  }, []);
  return (
    <div
      class="menu-popup"
      role="menu"
      aria-label={label}
      ref={popup}
      onKeyDown={(event) => moveFocus(event, popup.current, onClose)}
    >
      {groups.map((group, index) => (
        <div
          role="group"
          class="menu-group"
          key={group.title ?? index}
          {...(group.title ? { 'aria-label': group.title } : {})}
        >
          {group.title && (
            <p class="menu-title" aria-hidden="true">
              {group.title}
            </p>
          )}
          {group.items.map((item) => (
            <MenuEntry key={item.key} item={item} onClose={onClose} />
          ))}
        </div>
      ))}
    </div>
  );
}

function MenuEntry({ item, onClose }: { item: MenuItem; onClose: () => void }): JSX.Element {
  const choice = item.checked !== undefined;
  const Glyph = choice ? CheckIcon : item.icon;
  return (
    <button
      type="button"
      class="menu-item"
      role={choice ? 'menuitemradio' : 'menuitem'}
      tabIndex={-1}
      disabled={item.disabled ?? false}
      {...(choice ? { 'aria-checked': item.checked } : {})}
      onClick={() => {
        onClose();
        item.onSelect();
      }}
    >
      <span class="menu-mark">{Glyph && (!choice || item.checked) ? <Glyph /> : null}</span>
      <span class="menu-label">{item.label}</span>
    </button>
  );
}

function itemsOf(popup: HTMLElement | null): HTMLElement[] {
  return [...(popup?.querySelectorAll<HTMLElement>('.menu-item:not(:disabled)') ?? [])];
}

function moveFocus(event: KeyboardEvent, popup: HTMLElement | null, onClose: () => void): void {
  const items = itemsOf(popup);
  const at = items.findIndex((item) => item === document.activeElement);
  const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 };
  const step = steps[event.key];
  if (event.key === 'Escape' || event.key === 'Tab') {
    if (event.key === 'Escape') event.preventDefault();
    event.stopPropagation();
    onClose();
  } else if (step !== undefined) {
    event.preventDefault();
    items[(step + items.length) % items.length]?.focus();
  } else if (event.key.length === 1 && event.key !== ' ') {
    event.stopPropagation();
    const after = [...items.slice(at + 1), ...items.slice(0, at + 1)];
    after.find((item) => item.textContent.toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
  }
}

/** Calls `dismiss` on a press or a focus anywhere outside of `root` while `active`. */
function useDismiss(active: boolean, root: { current: HTMLElement | null }, dismiss: () => void): void {
  useEffect(() => {
    if (!active) return undefined;
    const outside = (event: Event): void => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) dismiss();
    };
    document.addEventListener('pointerdown', outside);
    document.addEventListener('focusin', outside);
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('focusin', outside);
    };
  }, [active]);
}
