/**
 * Dynacast: encodes of a picture only what somebody wants of it. The encodings of a sender are switched by their
 * `active` flag (WebRTC §5.2.8), which needs no negotiation and leaves the track as it is.
 */

/** What of an RTCRtpSender is needed. */
export type SwitchedSender = Pick<RTCRtpSender, 'getParameters' | 'setParameters'>;

/** The highest layer that is wanted, 0 the lowest; null: none. */
export type WantedLayer = number | null;

export type EncodingSwitch = {
  /** Encodes the layers up to `layer` from now on. What is wanted while a switch is under way is done after it. */
  set(layer: WantedLayer): void;
};

/** How often a switch is tried, and after how many milliseconds again: a negotiation may have come between. */
const ATTEMPTS = 5;
const RETRY_AFTER = 50;

export type EncodingSwitchOptions = {
  /** Whether the sender is not in use any more. */
  closed: () => boolean;
  pause: (milliseconds: number) => Promise<void>;
  problem: (error: unknown) => void;
};

/** The switch of a sender whose encodings are all active. */
export function createEncodingSwitch(
  sender: SwitchedSender,
  { closed, pause, problem }: EncodingSwitchOptions,
): EncodingSwitch {
  let wanted: WantedLayer = Infinity;
  let done: WantedLayer = Infinity;
  let running = false;

  async function run(): Promise<void> {
    let failures = 0;
    while (done !== wanted && !closed()) {
      const layer = wanted;
      try {
        await apply(sender, layer);
        done = layer;
        failures = 0;
      } catch (error) {
        failures += 1;
        if (closed()) return;
        // More is encoded than is wanted, or less: said once, and tried again when something else is wanted.
        if (failures === ATTEMPTS) return problem(error);
        await pause(RETRY_AFTER);
      }
    }
  }

  return {
    set(layer) {
      wanted = layer;
      if (running) return;
      running = true;
      void run().finally(() => {
        running = false;
      });
    },
  };
}

/** Lowest encoding first, as this SDK publishes them. */
async function apply(sender: SwitchedSender, layer: WantedLayer): Promise<void> {
  // Parameters are good for one `setParameters` in the same task.
  const parameters = sender.getParameters();
  let changed = false;
  for (const [index, encoding] of parameters.encodings.entries()) {
    const active = layer !== null && index <= layer;
    if (encoding.active === active) continue;
    encoding.active = active;
    changed = true;
  }
  if (changed) await sender.setParameters(parameters);
}
