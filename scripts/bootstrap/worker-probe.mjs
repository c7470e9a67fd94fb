import { spawn } from 'node:child_process';

const PATIENCE_MS = 5_000;
const LENGTH_BYTES = 4;
/** What a worker says first is far smaller. */
const LONGEST_MESSAGE = 64 * 1024;
/** FBS.Message.Body, a union: its third member. */
const NOTIFICATION = 3;

/**
 * Starts a worker as mediasoup does, and waits until it says on its channel that it runs. That it can be executed is
 * not enough: one linked against another libc, one of another mediasoup, or another program would only fail later,
 * when the server starts.
 * @param {string} bin
 * @param {{ version: string, patienceMs?: number }} options `version`: mediasoup's
 * @returns {Promise<{ ok: true } | { ok: false, why: string }>}
 */
export function probeWorker(bin, { version, patienceMs = PATIENCE_MS }) {
  return new Promise((resolve) => {
    const child = spawn(bin, [], {
      env: { ...process.env, MEDIASOUP_VERSION: version },
      // As mediasoup has it: 3 is the worker's inbound channel, 4 its outbound one.
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    });
    let complaint = '';
    let heard = Buffer.alloc(0);
    /** @param {{ ok: true } | { ok: false, why: string }} verdict */
    const end = (verdict) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      // A grandchild could hold the pipes open for ever.
      for (const pipe of child.stdio) pipe?.destroy();
      resolve(verdict);
    };
    /** @param {string} why */
    const refuse = (why) => end({ ok: false, why });
    const timer = setTimeout(() => refuse(`said nothing for ${patienceMs / 1_000} s`), patienceMs);

    child.once('error', (error) => refuse(`cannot be run: ${error.message}`));
    child.once('close', (status, signal) => {
      const firstLine = complaint.trim().split('\n')[0];
      refuse(`ended with ${signal ?? `status ${status}`}${firstLine ? `: ${firstLine}` : ''}`);
    });
    child.stderr?.on('data', (chunk) => {
      complaint = `${complaint}${chunk}`.slice(0, 2_000);
    });
    child.stdio[3]?.on('error', () => {});
    child.stdio[4]?.on('error', () => {});
    child.stdio[4]?.on('data', (chunk) => {
      heard = Buffer.concat([heard, chunk]);
      const answer = readMessages(heard, String(child.pid));
      if (answer === 'running') end({ ok: true });
      else if (answer === 'nonsense') refuse('answered something else than a mediasoup worker does');
    });
  });
}

/**
 * Looks through what a worker has sent so far for the notification that it runs: the one whose handler is its own pid.
 * @param {Buffer} heard messages, each behind its length as an unsigned 32-bit number
 * @param {string} pid
 * @returns {'running' | 'nonsense' | 'incomplete'}
 */
export function readMessages(heard, pid) {
  let rest = heard;
  while (rest.length >= LENGTH_BYTES) {
    const length = rest.readUInt32LE(0);
    if (length > LONGEST_MESSAGE) return 'nonsense';
    if (rest.length < LENGTH_BYTES + length) return 'incomplete';
    const message = rest.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
    try {
      if (notificationHandler(message) === pid) return 'running';
    } catch (error) {
      if (error instanceof RangeError) return 'nonsense';
      throw error;
    }
    rest = rest.subarray(LENGTH_BYTES + length);
  }
  return 'incomplete';
}

/**
 * Whom a message addresses, read from its FlatBuffer by hand: before `npm ci` there is no library to do it.
 * @param {Buffer} message FBS.Message
 * @returns {string | undefined} undefined where it is no notification
 * @throws {RangeError} where an offset leads out of the message
 */
function notificationHandler(message) {
  const root = message.readUInt32LE(0);
  const bodyType = fieldAt(message, root, 0);
  if (bodyType === undefined || message.readUInt8(bodyType) !== NOTIFICATION) return undefined;
  const body = fieldAt(message, root, 1);
  if (body === undefined) return undefined;
  const handler = fieldAt(message, body + message.readUInt32LE(body), 0);
  if (handler === undefined) return undefined;
  const text = handler + message.readUInt32LE(handler);
  const length = message.readUInt32LE(text);
  return message.toString('latin1', text + 4, text + 4 + length);
}

/**
 * Where a FlatBuffer table's nth field is: its vtable lists each field's distance from the table, 0 for absent.
 * @param {Buffer} message @param {number} table @param {number} nth
 */
function fieldAt(message, table, nth) {
  const vtable = table - message.readInt32LE(table);
  const entry = 4 + 2 * nth;
  if (entry >= message.readUInt16LE(vtable)) return undefined;
  const distance = message.readUInt16LE(vtable + entry);
  return distance === 0 ? undefined : table + distance;
}
