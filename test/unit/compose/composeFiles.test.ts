import { describe, expect, it } from 'vitest';
import { parseCompose } from '../../../src/compose/parseCompose.js';
import { accepted } from './acceptedFiles.js';
import { agent, errorsOf, read } from './readCompose.js';
import { refused } from './refusedFiles.js';

describe('files that must be read', () => {
  it.each(accepted)('$name', ({ text, env }) => {
    expect(errorsOf(text, env)).toEqual([]);
    expect(read(text, env).spec).toBeDefined();
  });
});

describe('files that must be refused', () => {
  it.each(refused)('$name', ({ text, env, expected }) => {
    const errors = errorsOf(text, env);
    expect(errors.map((error, index) => error.slice(0, expected[index]?.length))).toEqual(expected);
    expect(read(text, env).spec).toBeUndefined();
  });
});

describe('messages', () => {
  it('name the pass, the path and the place', () => {
    const text = 'agents:\n  dev:\n    foo: 1\n    timeout: x\n';
    expect(read(text).diagnostics.map(found => found.message)).toEqual([
      'parse compose field agents.dev.foo at line 3, column 5: unknown field',
      'validate compose field agents.dev.timeout: invalid duration: "x", write for example 30s or 1h30m',
    ]);
  });

  it.each(['', '\n\n', '# only a comment\n', '---\n'])('call %j an empty document', text => {
    expect(read(text).diagnostics.map(found => found.message)).toEqual(['parse compose: empty document']);
  });

  it('report YAML that cannot be read with its place', () => {
    const { diagnostics } = read('agents:\n  dev: {model: [}\n');
    expect(diagnostics.map(found => found.message).find(message => message.startsWith('parse compose: '))).toMatch(
      /^parse compose: line 2, column \d+: /,
    );
  });

  it('put the file in front when it is known', async () => {
    const { parseCompose } = await import('../../../src/compose/parseCompose.js');
    const { diagnostics } = parseCompose('x: 1', {
      file: '/p/agent-compose.yml',
      directoryName: 'p',
      env: () => undefined,
    });
    expect(diagnostics[0]?.message).toBe(
      '/p/agent-compose.yml: parse compose field x at line 1, column 1: unknown field',
    );
  });

  it('refuse anchors and aliases in exactly agent-compose’s language', () => {
    const text = 'agents:\n  a: &base {provider: claude}\n  b: *base\n';
    const { diagnostics } = parseCompose(text, { directoryName: 'shop', env: () => undefined, exact: true });
    expect(diagnostics.map(found => [found.code, found.message])).toEqual([
      ['compose.aliasRefused', 'parse compose field agents.b at line 3, column 6: expected mapping, got alias'],
    ]);
  });

  it('count columns and lines in files with CRLF and a byte order mark', () => {
    const [found] = read('\uFEFFname: x\r\nagents:\r\n  dev:\r\n    foo: 1\r\n').diagnostics;
    expect(found?.range.start).toMatchObject({ line: 4, column: 5 });
  });

  it('say everything at once', () => {
    const everything = 'name: Bad\nfoo: 1\nagents:\n  A: {}\n  b: {timeout: x, model: [], enabled: maybe}\n';
    expect(errorsOf(everything)).toHaveLength(6);
  });
});

describe('warnings and hints', () => {
  it('say that a field is not acted on yet, once, at its key', () => {
    const { diagnostics, spec } = read(agent('driver:', '  boxlite: {kernel: /k}', 'jupyter: {enabled: true}'));
    expect(diagnostics.map(found => [found.severity, found.code, found.path])).toEqual([
      ['warning', 'compose.notExecuted', 'agents.reviewer.driver.boxlite.kernel'],
    ]);
    expect(spec?.agents[0]?.jupyter.enabled).toBe(true);
  });

  it('hint at older spellings and offer the newer one', () => {
    const text =
      'workspace: {provider: local, path: .}\nagents: {a: {workspace: {provider: git, url: u, branch: b}}}\n';
    const hints = read(text).diagnostics.filter(found => found.code === 'compose.oldSpelling');
    expect(hints.map(found => [found.severity, found.fix?.edits[0]?.newText])).toEqual([
      ['information', 'file'],
      ['information', 'ref'],
    ]);
  });

  it('point at secrets that stand in the file', () => {
    const { diagnostics } = read('variables: {A: {value: abc, secret: true}}\n');
    expect(diagnostics.map(found => [found.code, found.severity])).toEqual([['compose.secretInFile', 'information']]);
  });

  it('say that only the first document is read', () => {
    const { diagnostics, spec } = read('name: a\n---\nname: b\n');
    expect(diagnostics.map(found => [found.code, found.severity])).toEqual([['compose.moreDocuments', 'warning']]);
    expect(spec?.name).toBe('a');
  });
});

describe('fixes', () => {
  /** The text after the first fix of this code. */
  const fixed = (text: string, code: string): string => {
    const fix = read(text).diagnostics.find(found => found.code === code)?.fix;
    expect(fix, `a fix for ${code}`).toBeDefined();
    return (fix?.edits ?? []).reduceRight(
      (result, edit) => result.slice(0, edit.range.start.offset) + edit.newText + result.slice(edit.range.end.offset),
      text,
    );
  };

  it.each([
    ['an unknown key', 'compose.unknownField', 'agents:\n  a:\n    modle: x\n', 'agents:\n  a:\n    model: x\n'],
    [
      'a key nobody knows',
      'compose.unknownField',
      'name: x\nzzzzzz:\n  a: 1\n  b: 2\nagents: {}\n',
      'name: x\nagents: {}\n',
    ],
    [
      'a duplicate',
      'compose.duplicateField',
      'agents:\n  a:\n    model: x\n    model: y\n',
      'agents:\n  a:\n    model: x\n',
    ],
    [
      'an empty mapping',
      'compose.wrongKind',
      'agents:\n  a:\n    driver:\n      docker:\n',
      'agents:\n  a:\n    driver:\n      docker: {}\n',
    ],
    ['yes', 'compose.wrongKind', 'agents: {a: {enabled: yes}}\n', 'agents: {a: {enabled: true}}\n'],
    [
      'a wrong word',
      'compose.invalidValue',
      'agents: {a: {permissions: confind}}\n',
      'agents: {a: {permissions: confined}}\n',
    ],
    [
      'a wrong provider',
      'compose.unknownProvider',
      'agents: {a: {provider: codx}}\n',
      'agents: {a: {provider: codex}}\n',
    ],
    [
      'a missing provider',
      'compose.missingField',
      'workspace:\n  url: u\n  ref: a\n',
      'workspace:\n  provider: git\n  url: u\n  ref: a\n',
    ],
    [
      'a wrong workspace',
      'compose.undefinedName',
      'workspaces: {site: {provider: shared}}\nagents: {a: {workspace: {name: sit}}}\n',
      'workspaces: {site: {provider: shared}}\nagents: {a: {workspace: {name: site}}}\n',
    ],
    [
      'a missing topic',
      'compose.missingField',
      'agents: {a: {scheduler: {triggers: [{event: {}}]}}}\n',
      'agents: {a: {scheduler: {triggers: [{event: {topic: ""}}]}}}\n',
    ],
  ])('repair %s', (_, code, before, after) => {
    expect(fixed(before, code)).toBe(after);
  });
});
