import { describe, expect, it } from 'vitest';
import { completions } from '../../../../src/compose/editor/completions.js';
import { readSource } from '../../../../src/compose/editor/composeSource.js';
import { read } from '../readCompose.js';

/** Labels proposed at `|`. */
function labels(marked: string): readonly string[] {
  return at(marked).map(found => found.label);
}

function at(marked: string) {
  const offset = marked.indexOf('|');
  return completions(readSource(marked.replace('|', '')), offset);
}

/** The text after accepting the proposal with this label at `|`. */
function accept(marked: string, label: string): string {
  const text = marked.replace('|', '');
  const found = at(marked).find(completion => completion.label === label);
  if (!found) throw new Error(`no proposal ${label}, only ${labels(marked).join(', ')}`);
  return text.slice(0, found.span.start) + found.insertText + text.slice(found.span.end);
}

describe('field names', () => {
  it.each([
    ['an empty file', '|', ['name', 'agents', 'workspace', 'providers']],
    ['the top level', 'name: x\n|', ['agents', 'defaults']],
    ['an agent', 'agents:\n  dev:\n    |', ['provider', 'model', 'workspace', 'scheduler']],
    ['the middle of a word', 'agents:\n  dev:\n    pro|', ['provider']],
    ['a word that is finished', 'agents:\n  dev:\n    provi|der: claude\n', ['model']],
    [
      'below other fields',
      'agents:\n  dev:\n    provider: claude\n    system_prompt: |-\n      a: b\n    |'.replace('|-', '>-'),
      ['model'],
    ],
    ['a workspace', 'agents:\n  dev:\n    workspace:\n      |', ['base', 'provider', 'setup']],
    ['a trigger', 'agents:\n  dev:\n    scheduler:\n      triggers:\n        - |', ['cron', 'interval', 'event']],
    [
      'a trigger at the indentation of its list',
      'agents:\n  dev:\n    scheduler:\n      triggers:\n      - |',
      ['cron', 'event'],
    ],
    [
      'the second line of a trigger',
      'agents:\n  dev:\n    scheduler:\n      triggers:\n        - cron: "@hourly"\n          |',
      ['timezone', 'prompt', 'name'],
    ],
    ['a mapping in a line', 'agents:\n  dev: {provider: claude, |}', ['model', 'timeout']],
    ['a mapping in a mapping in a line', 'agents: {dev: {workspace: {|}}}', ['base']],
    ['a list in a line', 'agents: {dev: {scheduler: {triggers: [{|}]}}}', ['cron']],
    ['a secret', 'variables:\n  A:\n    |', ['value', 'secret']],
    ['quoted keys', 'agents:\n  "dev":\n    |', ['provider']],
    ['CRLF', 'agents:\r\n  dev:\r\n    provider: claude\r\n    |\r\n', ['model']],
  ])('in %s', (_, marked, expected) => {
    expect(labels(marked)).toEqual(expect.arrayContaining(expected));
  });

  it.each([
    ['what is there already', 'agents:\n  dev:\n    provider: claude\n    |\n    model: x\n', ['provider', 'model']],
    ['what is there already, in a line', 'agents:\n  dev: {provider: claude, |}', ['provider']],
    [
      'a second kind of trigger',
      'agents:\n  dev:\n    scheduler:\n      triggers:\n        - cron: "@hourly"\n          |',
      ['interval', 'event', 'timeout'],
    ],
    ['a driver that is refused', 'agents:\n  dev:\n    driver:\n      |', ['firecracker']],
  ])('without %s', (_, marked, unexpected) => {
    const proposed = labels(marked);
    expect(proposed.length).toBeGreaterThan(0);
    expect(proposed.filter(label => unexpected.includes(label))).toEqual([]);
  });

  it.each([
    ['a comment', 'agents:\n  # pro|\n  dev: {}\n'],
    ['a text over several lines', 'agents:\n  dev:\n    system_prompt: >\n      Hello |\n'],
    ['a dictionary, whose keys are free', 'agents:\n  |'],
    ['a field that does not exist', 'agents:\n  dev:\n    nope:\n      |'],
    ['a block header', 'agents:\n  dev:\n    system_prompt: >|'.replace('>|', '>-|')],
  ])('are not proposed in %s', (_, marked) => {
    expect(labels(marked)).toEqual([]);
  });

  it('are inserted so that the value can be written at once', () => {
    expect(accept('agents:\n  dev:\n    tim|', 'timeout')).toBe('agents:\n  dev:\n    timeout: ');
    expect(accept('agents:\n  dev:\n    work|', 'workspace')).toBe('agents:\n  dev:\n    workspace:\n      ');
    expect(accept('agents:\n  dev:\n    driver:\n      |', 'process')).toBe(
      'agents:\n  dev:\n    driver:\n      process: {}',
    );
    expect(accept('agents:\n  dev:\n    scheduler:\n      |', 'triggers')).toBe(
      'agents:\n  dev:\n    scheduler:\n      triggers:\n        - ',
    );
    expect(accept('agents:\n  dev: {|}', 'model')).toBe('agents:\n  dev: {model: }');
  });

  it('replace the old name but not its value', () => {
    expect(accept('agents:\n  dev:\n    mo|dle: x\n', 'model')).toContain('model:');
  });

  it('say what the field is', () => {
    const found = at('agents:\n  dev:\n    |').find(completion => completion.label === 'timeout');
    expect(found?.documentation).toContain('Longest time of a run');
  });

  it('mark older spellings', () => {
    expect(at('workspace:\n  |').find(completion => completion.label === 'branch')?.deprecated).toBe(true);
  });
});

const CREW = `providers:
  mine: {command: x, models: [tiny]}
workspaces:
  site: {provider: file, path: .}
mcp_servers:
  tickets: {type: local, command: t}
octobus_servers:
  company: {url: "https://o.test"}
volumes:
  cache: {}
`;

describe('values', () => {
  it.each([
    ['words', 'agents:\n  dev:\n    permissions: |', ['confined', 'ask', 'auto']],
    ['truth', 'agents:\n  dev:\n    enabled: |', ['true', 'false']],
    ['providers, also own ones', `${CREW}agents:\n  dev:\n    provider: |`, ['claude', 'codex', 'demo', 'mine']],
    ['models of the provider', 'agents:\n  dev:\n    provider: claude\n    model: |', ['sonnet', 'opus']],
    ['models of an own provider', `${CREW}agents:\n  dev:\n    provider: mine\n    model: |`, ['tiny']],
    ['models of other agents', 'agents:\n  a: {model: special}\n  dev:\n    model: |', ['special']],
    ['cron presets', 'agents:\n  dev:\n    scheduler:\n      triggers:\n        - cron: |', ['@hourly', '0 9 * * 1-5']],
    [
      'time zones',
      'agents:\n  dev:\n    scheduler:\n      triggers:\n        - cron: "@hourly"\n          timezone: |',
      ['local', 'Europe/Berlin'],
    ],
    ['other agents', 'agents:\n  a: {}\n  b: {}\n  dev:\n    handoff:\n      on_response: |', ['a', 'b']],
    ['other agents, in a list', 'agents:\n  a: {}\n  dev:\n    handoff:\n      on_response:\n        - |', ['a']],
    [
      'other agents, in a list in a line',
      'agents:\n  a: {}\n  b: {}\n  dev:\n    handoff:\n      on_response: [a, |]',
      ['b'],
    ],
    ['workspaces', `${CREW}agents:\n  dev:\n    workspace:\n      name: |`, ['site']],
    ['servers', `${CREW}agents:\n  dev:\n    mcp_servers:\n      - |`, ['tickets']],
    ['volumes', `${CREW}agents:\n  dev:\n    volumes:\n      - source: |`, ['cache']],
    ['capability sets', `${CREW}agents:\n  dev:\n    capset_ids: [|]`, ['company/']],
    ['a word in a line', 'agents: {dev: {workspace: {provider: |}}}', ['worktree', 'thread']],
  ])('%s', (_, marked, expected) => {
    expect(labels(marked)).toEqual(expect.arrayContaining(expected));
  });

  it('begin with the space that YAML needs behind the colon, and with no second one', () => {
    expect(accept('agents:\n  dev:\n    provider:|', 'claude')).toBe('agents:\n  dev:\n    provider: claude');
    expect(accept('agents:\n  dev:\n    provider: |', 'claude')).toBe('agents:\n  dev:\n    provider: claude');
    expect(accept('agents:\n  dev: {provider:|}', 'claude')).toBe('agents:\n  dev: {provider: claude}');
  });

  it('leave out the agent itself', () => {
    expect(labels('agents:\n  a: {}\n  dev:\n    handoff:\n      on_response: |')).not.toContain('dev');
  });

  it('are quoted where YAML needs it, and replace what is there', () => {
    const text = accept('agents:\n  dev:\n    scheduler:\n      triggers:\n        - cron: "@h|"\n', '@hourly');
    expect(text).toBe('agents:\n  dev:\n    scheduler:\n      triggers:\n        - cron: "@hourly"\n');
    expect(read(text).spec).toBeDefined();
  });

  it('are found again behind a quote that is there', () => {
    expect(at("agents: {dev: {permissions: 'con|'}}").map(found => found.filterText)).toContain("'confined");
  });

  it('keep the comment after them', () => {
    expect(accept('agents:\n  dev:\n    permissions: con| # careful\n', 'confined')).toBe(
      'agents:\n  dev:\n    permissions: confined # careful\n',
    );
  });
});
