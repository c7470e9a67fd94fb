import { defineConfig, type OxlintOverride } from 'oxlint';

/**
 * Who may import whom: each folder of src/ with the folders that it knows. What a folder does not name, it may not
 * import; only app.ts and main.ts know them all. docs/architecture.md explains the arrows.
 */
const LAYERS: Record<string, readonly string[]> = {
  kernel: [],
  store: ['kernel'],
  stun: ['kernel'],
  turn: ['kernel', 'stun'],
  relay: ['kernel', 'stun', 'turn'],
  rooms: ['kernel'],
  media: ['kernel', 'rooms'],
  auth: ['kernel', 'rooms'],
  config: ['kernel', 'auth', 'stun', 'events'],
  http: ['kernel'],
  observability: ['kernel'],
  signaling: ['kernel', 'rooms', 'auth'],
  whip: ['kernel', 'rooms', 'auth', 'http'],
  qoe: ['kernel', 'rooms', 'auth', 'http', 'store'],
  events: ['kernel', 'rooms', 'http', 'store'],
  api: ['kernel', 'rooms', 'auth', 'http', 'observability', 'qoe', 'events'],
  cli: ['kernel', 'stun', 'config', 'media'],
};

/** Libraries that one folder wraps for all the others. */
const WRAPPED: Record<string, readonly string[]> = {
  mediasoup: ['media'],
  'uWebSockets.js': ['http', 'signaling'],
  'socket.io': ['signaling'],
  jose: ['auth'],
  'prom-client': ['observability'],
  pino: ['observability'],
  yaml: ['config'],
  'sdp-transform': ['whip'],
  'h264-profile-level-id': ['whip'],
};

/** Folders that import no I/O, read no clock and draw no random numbers: those come in as arguments. */
const PURE = ['stun', 'turn', 'rooms'];
/** Files of other folders that are as pure. */
const PURE_FILES: Record<string, readonly string[]> = {
  whip: [
    'reading',
    'description',
    'offer',
    'codecs',
    'simulcast-order',
    'ingest',
    'egress',
    'tracks',
    'answer',
    'ice-fragment',
    'ice-server-links',
    'entity-tag',
    'session',
  ],
  qoe: [
    'score',
    'costs',
    'delay',
    'track-facts',
    'emodel',
    'video',
    'causes',
    'level',
    'window',
    'trouble',
    'track',
    'tally',
    'session',
    'store/rollup',
  ],
};

const FORBIDDEN_GLOBALS = [
  'Date',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'process',
  'crypto',
  'fetch',
  'console',
].map((name) => ({ name, message: 'Pure code gets time, randomness and effects as arguments.' }));

const layers = Object.entries(LAYERS).flatMap(([folder, known]): OxlintOverride[] => [
  layer(folder, known, [`src/${folder}/**/*.ts`], PURE.includes(folder)),
  ...(PURE_FILES[folder] ?? []).map((file) => layer(folder, known, [`src/${folder}/${file}.ts`], true)),
]);

function layer(folder: string, known: readonly string[], files: string[], pure: boolean): OxlintOverride {
  const strangers = Object.keys(LAYERS).filter((other) => other !== folder && !known.includes(other));
  return {
    files,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              // The first folder of a path upwards: qoe/store/ is a part of qoe/.
              regex: `^(\\.\\./)+(${strangers.join('|')})/`,
              message: `${folder}/ may import only: ${known.join(', ') || 'nothing'}.`,
            },
            ...(folder === 'cli'
              ? []
              : [{ regex: '/(app|main|run)\\.ts$', message: 'Only the entry points know the composition root.' }]),
            ...(pure ? [{ regex: '^node:', message: 'Pure code imports no I/O.' }] : []),
            ...Object.entries(WRAPPED)
              .filter(([, owners]) => !owners.includes(folder))
              .map(([library, owners]) => ({
                regex: `^${library}(/|$)`,
                message: `Only ${owners.join(', ')} may import it.`,
              })),
          ],
        },
      ],
      ...(pure
        ? {
            'no-restricted-globals': ['error', ...FORBIDDEN_GLOBALS],
            'no-restricted-properties': ['error', { object: 'Math', property: 'random' }],
          }
        : {}),
    },
  };
}

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'promise'],
  categories: { correctness: 'error', suspicious: 'error' },
  ignorePatterns: ['dist/**', 'node_modules/**'],
  rules: {
    'import/no-cycle': 'error',
    'import/no-default-export': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': 'error',
    'typescript/consistent-type-imports': 'error',
    // A brand is put on by an assertion, behind the rule that makes the value valid.
    'typescript/no-unsafe-type-assertion': 'off',
    // The compiler's noImplicitReturns knows which switches are exhaustive; this rule does not.
    'typescript/consistent-return': 'off',
    // A small function beside its one use reads better than one far from it, captured variables or not.
    'unicorn/consistent-function-scoping': 'off',
    // Iterating over a copy is how a collection may change meanwhile.
    'unicorn/no-useless-spread': 'off',
    'promise/always-return': 'off',
    'promise/no-callback-in-promise': 'off',
    'import/no-named-as-default': 'off',
    'import/no-named-as-default-member': 'off',
    'no-console': 'error',
    eqeqeq: 'error',
    'prefer-const': 'error',
    'no-var': 'error',
  },
  overrides: [
    ...layers,
    {
      files: ['tests/**/*.ts'],
      rules: {
        // node:test's own `test()` returns a promise that nobody awaits.
        'typescript/no-floating-promises': 'off',
      },
    },
    { files: ['loadtest/**/*.ts', 'scripts/**', 'native/**', 'src/run.ts'], rules: { 'no-console': 'off' } },
    { files: ['**/*.config.ts'], rules: { 'import/no-default-export': 'off' } },
  ],
});
