import type { ComponentChildren, JSX } from 'preact';

import { WarningIcon } from './icons.tsx';

export type NoticeProps = {
  tone?: 'info' | 'warning';
  /** `alert` interrupts a screen reader; `status` waits for its turn. */
  role?: 'status' | 'alert';
  title?: string;
  testId?: string;
  children: ComponentChildren;
  actions?: ComponentChildren;
};

/** A sentence about something that needs to be known or done, in the flow of the page. */
export function Notice({ tone = 'info', role = 'status', title, testId, children, actions }: NoticeProps): JSX.Element {
  return (
    <div class={`notice notice-${tone}`} role={role} data-testid={testId}>
      {tone === 'warning' && <WarningIcon />}
      <div class="notice-text">
        {title && <strong>{title}</strong>}
        <p>{children}</p>
      </div>
      {actions}
    </div>
  );
}
