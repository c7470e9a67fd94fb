/** Observations of one series, by bucket. */
export type HistogramSeries = { observe(this: void, value: number): void };

/**
 * A histogram whose observations cost some nanoseconds: a series is resolved once, and counts in plain numbers.
 * prom-client's hashes and checks the labels of each observation, which is a tenth of a small HTTP answer.
 */
export type Histogram = {
  /** The series of these label values, in the order of the label names; made where there is none yet. */
  series(...labels: readonly string[]): HistogramSeries;
  /** The family in the Prometheus text format, with a line feed at its end. */
  text(): string;
};

export type HistogramOptions = {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  /** Upper bounds, ascending, without infinity. */
  readonly buckets: readonly number[];
};

type Counted = { readonly labels: string; readonly counts: Float64Array; sum: number };

/** A histogram without series. */
export function createHistogram({ name, help, labelNames, buckets }: HistogramOptions): Histogram {
  const known = new Map<string, Counted & HistogramSeries>();

  function make(labels: string): Counted & HistogramSeries {
    const counted: Counted = { labels, counts: new Float64Array(buckets.length + 1), sum: 0 };
    return Object.assign(counted, {
      observe(value: number) {
        let bucket = 0;
        while (bucket < buckets.length && value > buckets[bucket]!) bucket += 1;
        counted.counts[bucket]! += 1;
        counted.sum += value;
      },
    });
  }

  return {
    series(...values) {
      const labels = labelNames.map((label, index) => `${label}="${escaped(values[index] ?? '')}"`).join(',');
      let found = known.get(labels);
      if (found === undefined) known.set(labels, (found = make(labels)));
      return found;
    },
    text() {
      const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
      for (const { labels, counts, sum } of known.values()) {
        let count = 0;
        for (const [index, inBucket] of counts.entries()) {
          count += inBucket;
          lines.push(`${name}_bucket{le="${buckets[index] ?? '+Inf'}",${labels}} ${count}`);
        }
        lines.push(`${name}_sum{${labels}} ${sum}`, `${name}_count{${labels}} ${count}`);
      }
      return `${lines.join('\n')}\n`;
    },
  };
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
