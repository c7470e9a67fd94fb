import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const web = new URL('../../client/web/', import.meta.url);
const sources = readdirSync(web, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(tsx?|html)$/.test(file));

test('no page turns text into markup or code', () => {
  assert.ok(sources.length > 20);
  for (const file of sources) {
    assert.doesNotMatch(
      read(file),
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/i,
      file,
    );
  }
});

test('pages hold no inline script or style, and load nothing from elsewhere', () => {
  for (const file of sources.filter((name) => name.endsWith('.html'))) {
    const html = read(file);
    assert.doesNotMatch(html, /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/i, file);
    assert.doesNotMatch(html, /(?:src|href)="(?:https?:)?\/\//i, file);
  }
});

function read(file: string): string {
  return readFileSync(new URL(file, web), 'utf8');
}
