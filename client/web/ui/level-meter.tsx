import type { JSX, Ref } from 'preact';

/** A row of bars that fills with the `--level` (0 to 1) that is set on the element. */
export function LevelMeter({ meterRef }: { meterRef: Ref<HTMLDivElement> }): JSX.Element {
  return <div class="meter" ref={meterRef} aria-hidden="true" data-testid="level-meter" />;
}
