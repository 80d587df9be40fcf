import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDocument, isMap, visit } from 'yaml';
import { completions } from '../../../src/compose/editor/completions.js';
import { readSource } from '../../../src/compose/editor/composeSource.js';
import { hover } from '../../../src/compose/editor/hover.js';
import { outline } from '../../../src/compose/editor/outline.js';
import { canonicalJson } from '../../../src/compose/output/canonicalText.js';
import { formatCompose } from '../../../src/compose/output/formatCompose.js';
import { specHash } from '../../../src/compose/output/specHash.js';
import type { AgentSpec, EnvEntry, ProjectSpec, TriggerSpec, WorkspaceSpec } from '../../../src/compose/projectSpec.js';
import { accepted } from './acceptedFiles.js';
import { read } from './readCompose.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const byName = <T extends { readonly name: string }>(items: readonly T[]): readonly T[] =>
  [...items].sort((a, b) => (a.name < b.name ? -1 : 1));

// Texts that people write, and texts that YAML could misread. A reference would be replaced when it is read again.
const word = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/);
const prose = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
    fc.constantFrom(
      'true',
      'null',
      '~',
      '0x1F',
      '1e3',
      '- a',
      'a: b',
      '# c',
      '@x',
      '*a',
      '&a',
      '!t',
      '"',
      "'",
      'a\nb',
      ' lead',
      'trail ',
      '\ttab',
      '|',
      '{}',
      '2026-01-01',
      'yes',
    ),
  )
  .filter(text => !text.includes('${') && text.trim() !== '' && !/[\uD800-\uDFFF\u0000]/.test(text));
/** Options of a CLI may be refused. */
const isNoOption = (text: string): boolean => !text.trim().startsWith('-');
const trimmed = prose.map(text => text.trim());
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const uniqueByName = <T extends { readonly name: string }>(item: fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> =>
  fc.uniqueArray(item, { maxLength: 4, selector: found => found.name }).map(byName);

const envEntry: fc.Arbitrary<EnvEntry> = fc.oneof(
  fc.record({
    name: fc.oneof(word, trimmed),
    secret: fc.constant(false as const),
    value: fc.oneof(prose, fc.constant('')),
  }),
  fc.record({
    name: word,
    secret: fc.constant(true as const),
    template: fc.constantFrom('${TOKEN}', 'Bearer ${TOKEN}', 'literal'),
  }),
);
const durationMs = fc.oneof(
  fc.integer({ min: 1, max: 5000 }),
  fc.integer({ min: 1, max: 100_000 }).map(seconds => seconds * 1000),
);

const workspace: fc.Arbitrary<WorkspaceSpec> = fc.oneof(
  fc.record({
    provider: fc.constant('worktree' as const),
    base: optional(trimmed),
    files: fc.array(trimmed, { maxLength: 2 }),
    setup: fc.array(trimmed, { maxLength: 2 }),
    teardown: fc.array(trimmed, { maxLength: 2 }),
    ports: fc.array(fc.stringMatching(/^[A-Z_]{1,6}$/), { maxLength: 2 }),
  }),
  fc.record({ provider: fc.constant('thread' as const), access: fc.constantFrom('read' as const, 'write' as const) }),
  fc.record({
    provider: fc.constant('file' as const),
    name: optional(trimmed),
    path: word,
    target: fc.constantFrom('.', 'a/b'),
  }),
);

const trigger: fc.Arbitrary<TriggerSpec> = fc
  .tuple(
    fc.record({
      name: fc.constant(undefined),
      prompt: optional(prose),
      sandboxPolicy: optional(fc.constantFrom('new' as const, 'sticky' as const)),
    }),
    fc.oneof(
      fc.record({
        kind: fc.constant('cron' as const),
        cron: fc.constantFrom('@hourly', '0 9 * * 1-5'),
        timezone: optional(fc.constant('Asia/Tokyo')),
      }),
      fc.record({ kind: fc.constant('interval' as const), intervalMs: durationMs }),
      fc.record({ kind: fc.constant('timeout' as const), timeoutMs: durationMs }),
      fc.record({ kind: fc.constant('event' as const), topic: trimmed }),
    ),
  )
  .map(([common, kind]) => ({ ...common, ...kind }));

const agentSpec: fc.Arbitrary<AgentSpec> = fc.record({
  name: word,
  enabled: fc.boolean(),
  displayName: optional(trimmed),
  description: optional(trimmed),
  provider: fc.constantFrom('claude', 'codex', 'gemini', 'demo'),
  // One that starts with a dash is refused.
  model: optional(trimmed.filter(isNoOption)),
  systemPrompt: optional(prose),
  image: optional(trimmed),
  build: fc.constant(undefined),
  driver: fc.oneof(
    fc.constant({ name: 'process' as const }),
    fc.record({ name: fc.constant('docker' as const), host: optional(trimmed) }),
    fc.record({ name: fc.constant('boxlite' as const), kernel: optional(trimmed), rootfs: optional(trimmed) }),
  ),
  env: uniqueByName(envEntry),
  args: fc.array(fc.oneof(prose.filter(isNoOption), fc.constantFrom('', '--verbose')), { maxLength: 3 }),
  permissions: optional(fc.constantFrom('confined' as const, 'ask' as const, 'auto' as const)),
  mayDispatch: optional(fc.constant(true)),
  timeoutMs: optional(durationMs),
  stallTimeoutMs: optional(durationMs),
  concurrency: optional(fc.integer({ min: 1, max: 99 })),
  workspace,
  handoff: fc.constant(undefined),
  retries: optional(fc.record({ max: fc.integer({ min: 0, max: 100 }), backoffMs: durationMs })),
  budget: optional(
    fc.record({ usd: optional(fc.integer({ min: 0, max: 999 }).map(cents => cents / 100)), tokens: fc.nat() }),
  ),
  resources: optional(fc.record({ cpus: fc.constant(1.5), memoryBytes: optional(fc.nat()) })),
  capsetIds: fc.uniqueArray(word, { maxLength: 3 }),
  mcpServers: uniqueByName(
    fc.record({
      name: word,
      type: fc.constant('local' as const),
      command: trimmed,
      args: fc.uniqueArray(trimmed, { maxLength: 2 }),
      env: uniqueByName(envEntry),
    }),
  ),
  skills: fc.constant([]),
  volumes: fc.constant([]),
  sandbox: fc.record({ stoppedRuntimePolicy: fc.constantFrom('retain' as const, 'remove' as const) }),
  jupyter: fc.record({ enabled: fc.boolean(), guestPort: fc.integer({ min: 0, max: 65_535 }) }),
  scheduler: optional(
    fc.record({
      enabled: fc.boolean(),
      displayName: optional(trimmed),
      description: optional(trimmed),
      sandboxPolicy: fc.constantFrom('new' as const, 'sticky' as const),
      concurrencyPolicy: fc.constantFrom('skip' as const, 'parallel' as const),
      triggers: fc.array(trigger, { maxLength: 3 }),
      script: fc.constant(undefined),
    }),
  ),
});

const projectSpec: fc.Arbitrary<ProjectSpec> = fc.record({
  name: word,
  variables: uniqueByName(envEntry),
  providers: uniqueByName(
    fc.record({
      name: word.map(name => `own-${name}`),
      command: trimmed,
      args: fc.constantFrom([], ['{{model}}', 'x']),
      env: uniqueByName(envEntry),
      input: fc.constantFrom('stdin' as const, 'arg' as const),
      output: fc.record({
        format: fc.constantFrom('json' as const, 'jsonl' as const),
        result: optional(word),
        conversation: optional(word),
      }),
      permissions: optional(fc.constant('auto' as const)),
      models: fc.array(trimmed, { maxLength: 2 }),
    }),
  ),
  agents: uniqueByName(agentSpec),
  limits: fc.record({
    concurrency: optional(fc.integer({ min: 1, max: 50 })),
    queued: optional(fc.integer({ min: 1, max: 50 })),
  }),
  merge: fc.record({
    target: optional(trimmed),
    strategy: fc.constantFrom('merge' as const, 'squash' as const, 'rebase' as const),
    verify: fc.array(trimmed, { maxLength: 2 }),
    batch: fc.integer({ min: 1, max: 50 }),
  }),
  hooks: fc.array(
    fc.record({
      event: fc.constant('run_finished' as const),
      command: trimmed,
      args: fc.array(prose, { maxLength: 2 }),
      timeoutMs: durationMs,
      env: uniqueByName(envEntry),
      filter: uniqueByName(fc.record({ name: word, value: prose })),
    }),
    { maxLength: 2 },
  ),
  workspaces: fc.constant([]),
  mcpServers: fc.constant([]),
  octobusServers: fc.constant([]),
  volumes: fc.constant([]),
  network: fc.constant({ mode: 'default' as const }),
});

const ENV = { TOKEN: 't', HIDDEN: 'h', MODEL: 'm', PW: 'p', HOST: 'wiki.test', EMPTY: '', T: 'x' };

/** Many runs on a machine that may be busy; far from what they take on an idle one. */
const patient = { timeout: 180_000 };

describe('writing and reading', patient, () => {
  it('give the same project', () => {
    fc.assert(
      fc.property(projectSpec, spec => {
        const text = formatCompose(spec);
        const result = read(text, ENV);
        expect(result.diagnostics.filter(found => found.severity === 'error').map(found => found.message)).toEqual([]);
        expect(result.spec).toEqual(spec);
      }),
      { numRuns: 150 },
    );
  });

  it.each(accepted)('give the same project for: $name', ({ text, env }) => {
    const { spec } = read(text, env);
    if (!spec) throw new Error('not read');
    const again = read(formatCompose(spec), { ...ENV, ...env });
    expect(again.diagnostics.filter(found => found.severity === 'error').map(found => found.message)).toEqual([]);
    expect(again.spec && canonicalJson(again.spec, { redacted: false })).toBe(canonicalJson(spec, { redacted: false }));
  });

  it('give the same hash for JSON and for any order of keys', () => {
    fc.assert(
      fc.property(projectSpec, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (spec, random) => {
        const text = formatCompose(spec);
        const document = parseDocument(text);
        visit(document, {
          Map: (_, map) => {
            if (isMap(map))
              map.items = map.items
                .map(item => [random.next().value, item] as const)
                .sort((a, b) => a[0] - b[0])
                .map(([, item]) => item);
          },
        });
        const hashes = [text, String(document), JSON.stringify(document.toJS())].map(version => {
          const result = read(version, ENV);
          return result.spec && specHash(result.spec, { sha256 });
        });
        expect(new Set(hashes).size).toBe(1);
        expect(hashes[0]).toBe(specHash(spec, { sha256 }));
      }),
      { numRuns: 60 },
    );
  });
});

/** Whatever the text, there is an answer, and its places are inside the text. */
function expectAnswer(text: string): void {
  const { diagnostics, spec } = read(text, ENV);
  const hasErrors = diagnostics.some(found => found.severity === 'error');
  expect(spec === undefined).toBe(hasErrors);
  for (const { range, fix } of diagnostics) {
    for (const place of [range, ...(fix?.edits.map(edit => edit.range) ?? [])]) {
      expect(place.start.offset).toBeGreaterThanOrEqual(0);
      expect(place.end.offset).toBeGreaterThanOrEqual(place.start.offset);
      expect(place.end.offset).toBeLessThanOrEqual(text.length);
    }
  }
}

describe('any text gets an answer', patient, () => {
  it.each(accepted.filter(found => found.text.length > 200))('every beginning of: $name', ({ text }) => {
    for (let length = 0; length <= text.length; length++) expectAnswer(text.slice(0, length));
  });

  it('random text and random YAML', () => {
    const piece = fc.constantFrom(
      'agents',
      'dev',
      ':',
      ' ',
      '\n',
      '  ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      ',',
      '"',
      "'",
      '|',
      '>',
      '&a',
      '*a',
      '!!str',
      '#',
      '\t',
      '\r\n',
      '\0',
      '\uFEFF',
      '?',
      '<<',
      '__proto__',
      'constructor',
      '---',
      '%',
      '@',
      '${X}',
      '\u2028',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(piece, { maxLength: 40 }).map(pieces => pieces.join('')),
        ),
        expectAnswer,
      ),
      { numRuns: 1500 },
    );
  });

  it('a valid file with anything put into it anywhere, also in the editor', () => {
    const file = accepted.find(found => found.name === 'everything of Muster')?.text ?? '';
    const inserted = fc.constantFrom(
      ':',
      '\n',
      '- ',
      '{',
      '}',
      '[',
      '"',
      '\t',
      'a: ',
      '#',
      '&a ',
      '*a',
      '|\n',
      '\0',
      ' ',
    );
    fc.assert(
      fc.property(fc.nat({ max: file.length }), inserted, (offset, piece) => {
        const text = file.slice(0, offset) + piece + file.slice(offset);
        expectAnswer(text);
        const source = readSource(text);
        for (const completion of completions(source, offset + piece.length)) {
          expect(completion.span.end).toBeLessThanOrEqual(text.length);
          expect(completion.span.start).toBeLessThanOrEqual(offset + piece.length);
        }
        hover(source, offset, { env: () => 'x', now: 0 });
        outline(source);
      }),
      { numRuns: 400 },
    );
  });

  const bomb = (levels: number): string =>
    `a0: &a0 [x, x]\n${Array.from({ length: levels }, (_, index) => `a${index + 1}: &a${index + 1} [*a${index}, *a${index}, *a${index}]\n`).join('')}`;
  it.each([
    ['deep flow lists', '['.repeat(100_000)],
    ['deep closed lists', `agents: ${'['.repeat(5000)}${']'.repeat(5000)}`],
    ['deep flow mappings', '{a: '.repeat(20_000)],
    ['deep blocks', Array.from({ length: 600 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join('')],
    ['deep dashes', `${'- '.repeat(5000)}a`],
    ['an alias bomb', bomb(60)],
    ['ten megabytes', 'agents:\n'.padEnd(10 * 1024 * 1024, 'x: y\n')],
    ['ten megabytes in a line', `name: ${'x'.repeat(10 * 1024 * 1024)}`],
    ['many keys', `variables:\n${Array.from({ length: 5000 }, (_, index) => `  V${index}: x\n`).join('')}`],
    ['one key many times', 'name: a\n'.repeat(3000)],
    ['NUL', 'name: a\0b\n'],
    ['tabs', 'agents:\n\tdev: {}\n'],
    ['prototype keys', 'variables: {__proto__: a, constructor: b}\nagents: {dev: {__proto__: {}, toString: 1}}\n'],
  ])('%s', (_, text) => {
    expectAnswer(text);
  });

  it('says that ten megabytes are too many', () => {
    expect(read('x'.repeat(10 * 1024 * 1024)).diagnostics.map(found => found.code)).toEqual(['compose.tooLarge']);
  });

  it('keeps variables that are called like parts of every object', () => {
    expect(read('variables: {__proto__: a, constructor: b}\n').spec?.variables).toEqual([
      { name: '__proto__', secret: false, value: 'a' },
      { name: 'constructor', secret: false, value: 'b' },
    ]);
  });
});
