import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDocument, isMap, visit } from 'yaml';
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
  .filter(text => !/\$[${]/.test(text) && text.trim() !== '' && !/[\uD800-\uDFFF\u0000]/.test(text));
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

  it('leave nothing in that people would not write', () => {
    const { spec } = read(
      'name: shop\nagents:\n  dev:\n    provider: demo\n    scheduler:\n      triggers:\n        - cron: "0 3 * * *"\n          prompt: Look.\n',
    );
    if (!spec) throw new Error('not read');
    expect(formatCompose(spec)).toBe(
      'name: shop\nagents:\n  dev:\n    provider: demo\n    scheduler:\n      triggers:\n        - cron: 0 3 * * *\n          prompt: Look.\n',
    );
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
