/**
 * A reason to stop that the person at the keyboard can do something about: what failed, what was found, and the one
 * thing to do next. Anything else that is thrown is a defect of the bootstrap itself.
 */
export class Failure extends Error {
  /**
   * @param {string} what one sentence
   * @param {{ advice: string, output?: string }} more `output`: the end of what the failed command printed
   */
  constructor(what, { advice, output = '' }) {
    super(what);
    this.name = 'Failure';
    this.advice = advice;
    this.output = output;
  }
}
