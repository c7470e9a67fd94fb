import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createEmitter } from '../../client/sdk/emitter.ts';

type Events = { said: string; counted: number };

test('a listener hears its own event until it is taken off', () => {
  const { emitter } = anEmitter();
  const heard: string[] = [];
  const off = emitter.on('said', (text) => heard.push(text));
  emitter.emit('said', 'one');
  emitter.emit('counted', 1);
  off();
  emitter.emit('said', 'two');
  assert.deepEqual(heard, ['one']);
  assert.equal(emitter.size, 0);
});

test('once hears the next event only', () => {
  const { emitter } = anEmitter();
  const heard: number[] = [];
  emitter.once('counted', (value) => heard.push(value));
  emitter.emit('counted', 1);
  emitter.emit('counted', 2);
  assert.deepEqual(heard, [1]);
});

test('what one listener throws is reported and keeps nobody else from hearing', () => {
  const { emitter, faults } = anEmitter();
  const heard: string[] = [];
  const fault = new Error('of the application');
  emitter.on('said', () => {
    throw fault;
  });
  emitter.on('said', (text) => heard.push(text));
  emitter.emit('said', 'one');
  assert.deepEqual(heard, ['one']);
  assert.deepEqual(faults, [fault]);
});

test('a listener that takes another one off during an event silences it at once', () => {
  const { emitter } = anEmitter();
  const heard: string[] = [];
  emitter.on('said', () => off());
  const off = emitter.on('said', () => heard.push('late'));
  emitter.emit('said', 'one');
  assert.deepEqual(heard, []);
});

test('a listener that is added during an event hears the next one', () => {
  const { emitter } = anEmitter();
  const heard: string[] = [];
  emitter.once('said', () => emitter.on('said', (text) => heard.push(text)));
  emitter.emit('said', 'one');
  emitter.emit('said', 'two');
  assert.deepEqual(heard, ['two']);
});

test('one function added twice is two listeners, each with its own way off', () => {
  const { emitter } = anEmitter();
  const heard: string[] = [];
  const listener = (text: string) => heard.push(text);
  const off = emitter.on('said', listener);
  emitter.on('said', listener);
  off();
  emitter.emit('said', 'one');
  assert.deepEqual(heard, ['one']);
});

function anEmitter() {
  const faults: unknown[] = [];
  return { emitter: createEmitter<Events>((error) => faults.push(error)), faults };
}
