import type { JSX } from 'preact';
import { useId } from 'preact/hooks';

import type { Icon } from './icons.tsx';

export type SelectFieldProps = {
  label: string;
  icon: Icon;
  value: string;
  options: { value: string; label: string }[];
  /** Shown as the only choice when there are none. */
  empty: string;
  disabled?: boolean | undefined;
  testId?: string | undefined;
  onChange: (value: string) => void;
};

/** A labelled choice on the platform's own control. */
export function SelectField({
  label,
  icon: Glyph,
  value,
  options,
  empty,
  disabled = false,
  testId,
  onChange,
}: SelectFieldProps): JSX.Element {
  const id = useId();
  const none = options.length === 0;
  return (
    <div class="field">
      <label class="field-label" for={id}>
        {label}
      </label>
      <div class="field-control">
        <Glyph />
        <select
          id={id}
          class="field-select"
          data-testid={testId}
          value={none ? '' : value}
          disabled={disabled || none}
          onChange={(event) => onChange(event.currentTarget.value)}
        >
          {none ? (
            <option value="">{empty}</option>
          ) : (
            options.map((option) => (
              <option key={option.value} value={option.value}>
                {option.label}
              </option>
            ))
          )}
        </select>
      </div>
    </div>
  );
}
