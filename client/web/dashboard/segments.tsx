import type { JSX } from 'preact';
import { useId } from 'preact/hooks';

export type SegmentsProps<Value extends string> = {
  label: string;
  value: Value | undefined;
  options: Record<Value, string>;
  onChange: (value: Value) => void;
};

/** One of a few choices, all in sight: the platform's own radio buttons in a row, with their keys. */
export function Segments<Value extends string>(props: SegmentsProps<Value>): JSX.Element {
  const { label, value, options, onChange } = props;
  const name = useId();
  return (
    <fieldset class="segments">
      <legend class="visually-hidden">{label}</legend>
      {(Object.keys(options) as Value[]).map((option) => (
        <label key={option} class="segment">
          <input
            type="radio"
            name={name}
            class="visually-hidden"
            checked={option === value}
            onChange={() => onChange(option)}
          />
          <span>{options[option]}</span>
        </label>
      ))}
    </fieldset>
  );
}
