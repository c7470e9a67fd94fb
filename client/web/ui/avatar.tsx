import type { JSX } from 'preact';

import { hueOf, initialsOf } from './initials.ts';

/** A person without a picture: initials on a colour that stays the same for the same name. */
export function Avatar({ name, size = 'medium' }: { name: string; size?: 'small' | 'medium' | 'fluid' }): JSX.Element {
  return (
    <span class={`avatar avatar-${size}`} data-hue={hueOf(name)} aria-hidden="true">
      {initialsOf(name)}
    </span>
  );
}
