/** Points that wait to be written, as plain numbers in a ring that grows up to a bound and then loses the oldest. */
import { type Point, POINT_FIELDS, POINT_SIZE } from './rollup.ts';

const FIRST_CAPACITY = 256;

export class PointBuffer {
  readonly #most: number;
  #numbers = new Float64Array(FIRST_CAPACITY * POINT_SIZE);
  #first = 0;
  #length = 0;
  #dropped = 0;

  /** @param most Points that it holds at most. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Points in what `take` returned. */
  static count(points: Float64Array): number {
    return points.length / POINT_SIZE;
  }

  get length(): number {
    return this.#length;
  }

  /** Points that were lost for want of room. */
  get dropped(): number {
    return this.#dropped;
  }

  add(point: Point): void {
    if (this.#length === this.#capacity && !this.#grow()) {
      this.#first = (this.#first + 1) % this.#capacity;
      this.#length -= 1;
      this.#dropped += 1;
    }
    const at = ((this.#first + this.#length) % this.#capacity) * POINT_SIZE;
    for (let field = 0; field < POINT_SIZE; field += 1) this.#numbers[at + field] = point[POINT_FIELDS[field]!];
    this.#length += 1;
  }

  /** The oldest `most` points, which are no longer in here. */
  take(most: number): Float64Array<ArrayBuffer> {
    const count = Math.min(most, this.#length);
    const taken = this.#copy(count, count);
    this.#first = (this.#first + count) % this.#capacity;
    this.#length -= count;
    return taken;
  }

  get #capacity(): number {
    return this.#numbers.length / POINT_SIZE;
  }

  #grow(): boolean {
    const capacity = Math.min(this.#most, 2 * this.#capacity);
    if (capacity <= this.#capacity) return false;
    this.#numbers = this.#copy(this.#length, capacity);
    this.#first = 0;
    return true;
  }

  /** The oldest `count` points in an array for `capacity`. */
  #copy(count: number, capacity: number): Float64Array<ArrayBuffer> {
    const copy = new Float64Array(capacity * POINT_SIZE);
    const toEnd = Math.min(count, this.#capacity - this.#first);
    copy.set(this.#numbers.subarray(this.#first * POINT_SIZE, (this.#first + toEnd) * POINT_SIZE));
    copy.set(this.#numbers.subarray(0, (count - toEnd) * POINT_SIZE), toEnd * POINT_SIZE);
    return copy;
  }
}
