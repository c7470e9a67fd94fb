import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { PANEL_COVERS } from '../../client/web/meeting/layout.ts';

test('what lies behind a panel is inert exactly where the style lays the panel over everything', () => {
  const css = readFileSync(new URL('../../client/web/meeting/panels.css', import.meta.url), 'utf8');
  const covering = [...css.matchAll(/@media (?<query>\([^)]*\)) \{\s*\.panel \{(?<rules>[^}]*)\}/gu)]
    .map(({ groups }) => groups!)
    .filter(({ rules }) => /position: fixed;[^]*inset: 0;/u.test(rules!));
  assert.deepEqual(
    covering.map(({ query }) => query),
    [PANEL_COVERS],
  );
});
