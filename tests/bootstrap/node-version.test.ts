import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';

import { requireBootstrapNode, runsTheServer, serverNode } from '../../scripts/bootstrap/node-version.mjs';
import { scratchDir, write } from './scratch.ts';

test('the server runs on Node 22 from 22.18 on, and on no other', () => {
  const fit = ['22.18.0', '22.23.3', '22.100.1'];
  const unfit = ['18.20.0', '20.20.2', '21.9.0', '22.17.1', '22.6.0', '23.6.0', '24.1.0', '26.0.0'];
  assert.deepEqual(fit.filter(runsTheServer), fit);
  assert.deepEqual(unfit.filter(runsTheServer), []);
});

test('the bootstrap runs from Node 20 on and otherwise says what to install', () => {
  for (const version of ['20.0.0', '22.1.0', '25.0.0']) requireBootstrapNode(version);
  assert.throws(() => requireBootstrapNode('18.20.4'), {
    name: 'Failure',
    message: /18\.20\.4 is too old/,
    advice: /Install Node 20 or newer/,
  });
});

test('a Node that ran from the packages is none any more when they have been installed anew', (t) => {
  const root = scratchDir(t);
  const pinned = path.join(root, 'node_modules', '.bin', 'node');
  const self = { execPath: pinned, versions: { node: '22.23.3' } };
  assert.equal(serverNode(root, self), undefined);
  write(root, { 'node_modules/.bin/node': '' });
  assert.equal(serverNode(root, self), pinned);
  assert.equal(serverNode(root, { execPath: '/usr/bin/node', versions: { node: '20.20.2' } }), pinned);
});
