import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

import { IconButton } from './button.tsx';
import { CloseIcon } from './icons.tsx';

export type DialogProps = {
  title: string;
  /** Called once the dialog is to go, by its button, by Escape or by a click beside it. */
  onClose: () => void;
  children: ComponentChildren;
};

/**
 * A modal dialog on the platform's own element: the rest of the page is inert, the focus stays inside, and comes back
 * to where it was when the dialog goes.
 */
export function Dialog({ title, onClose, children }: DialogProps): JSX.Element {
  const titleId = useId();
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      class="dialog"
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === element.current) onClose();
      }}
    >
      <div class="dialog-body">
        <header class="dialog-header">
          <h2 id={titleId}>{title}</h2>
          <IconButton icon={CloseIcon} label="Close" tone="quiet" tip="none" onClick={onClose} />
        </header>
        {children}
      </div>
    </dialog>
  );
}
