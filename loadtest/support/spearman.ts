/** Spearman's rank correlation of two rows of numbers, -1 to 1; ties share the mean of their ranks. NaN where all are tied. */
export function spearman(one: readonly number[], other: readonly number[]): number {
  const [a, b] = [ranks(one), ranks(other)];
  const [meanA, meanB] = [mean(a), mean(b)];
  let together = 0;
  let [squaresA, squaresB] = [0, 0];
  for (const [index, rank] of a.entries()) {
    const [da, db] = [rank - meanA, b[index]! - meanB];
    together += da * db;
    squaresA += da * da;
    squaresB += db * db;
  }
  return together / Math.sqrt(squaresA * squaresB);
}

function ranks(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  return values.map((value) => (sorted.indexOf(value) + sorted.lastIndexOf(value)) / 2);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
