import type { ComponentChildren, JSX, Ref } from 'preact';

import type { Icon } from './icons.tsx';

type ButtonAttributes = Omit<JSX.IntrinsicElements['button'], 'class' | 'type' | 'icon'>;

export type ButtonProps = ButtonAttributes & {
  tone?: 'plain' | 'primary' | 'danger' | 'quiet';
  children: ComponentChildren;
};

/** A button with words on it; at least 44 pixels high. */
export function Button({ tone = 'plain', children, ...rest }: ButtonProps): JSX.Element {
  return (
    <button {...rest} type="button" class={`button button-${tone}`}>
      {children}
    </button>
  );
}

export type IconButtonProps = Omit<ButtonAttributes, 'children' | 'aria-label' | 'aria-pressed'> & {
  icon: Icon;
  /** Its name for screen readers; constant for a button that is on or off. */
  label: string;
  /** What a press does now, for the tooltip; the label where left out. */
  hint?: string | undefined;
  /** A single key that does the same; shown in the tooltip. */
  shortcut?: string | undefined;
  /** For a button that is on or off. */
  pressed?: boolean | undefined;
  /** `alert` marks a device that is off. */
  tone?: 'plain' | 'alert' | 'danger' | 'active' | 'quiet' | undefined;
  /** A small number on the corner; 0 shows nothing. */
  badge?: number | undefined;
  tip?: 'above' | 'below' | 'none' | undefined;
  buttonRef?: Ref<HTMLButtonElement> | undefined;
};

/** A button with an icon only: a name for screen readers, a tooltip for everyone else. */
export function IconButton(props: IconButtonProps): JSX.Element {
  const {
    icon: Glyph,
    label,
    hint = label,
    shortcut,
    pressed,
    tone = 'plain',
    badge = 0,
    tip = 'above',
    buttonRef,
    ...rest
  } = props;
  return (
    <button
      {...rest}
      ref={buttonRef ?? null}
      type="button"
      class={`icon-button icon-button-${tone}`}
      aria-label={label}
      {...(pressed === undefined ? {} : { 'aria-pressed': pressed })}
      {...(shortcut === undefined ? {} : { 'aria-keyshortcuts': shortcut })}
      {...(tip === 'none' ? {} : { 'data-tip': shortcut === undefined ? hint : `${hint} (${shortcut})` })}
      data-tip-side={tip}
    >
      <Glyph />
      {badge > 0 && (
        <span class="badge" aria-hidden="true">
          {badge > 99 ? '99+' : badge}
        </span>
      )}
    </button>
  );
}
