import { describe, expect, it } from 'vitest';
import { readSource } from '../../../../src/compose/editor/composeSource.js';
import { hover } from '../../../../src/compose/editor/hover.js';
import { lensPlaces, outline } from '../../../../src/compose/editor/outline.js';

const env = (name: string): string | undefined => ({ PLAIN: 'visible', HIDDEN: 'invisible', EMPTY: '' })[name];
const now = Date.parse('2026-01-01T00:00:00Z');

/** What is shown at `|`. */
function shown(marked: string): string | undefined {
  const offset = marked.indexOf('|');
  return hover(readSource(marked.replace('|', '')), offset, { env, now, localTimezone: 'UTC' })?.markdown;
}

describe('hover', () => {
  it('explains fields', () => {
    expect(shown('agents:\n  dev:\n    time|out: 5m\n')).toContain('Longest time of a run');
    expect(shown('agents:\n  dev:\n    ski|lls: []\n')).toContain('does not act on it yet');
    expect(shown('agents:\n  d|ev: {}\n')).toBeUndefined();
  });

  it('explains words', () => {
    expect(shown('agents: {dev: {permissions: conf|ined}}\n')).toContain("command's own sandbox");
    expect(shown('agents: {dev: {provider: de|mo}}\n')).toContain('no account');
  });

  it.each([
    ['set', 'variables: {A: "${PL|AIN}"}\n', '**PLAIN** is set:\n\n```text\nvisible\n```'],
    ['empty', 'variables: {A: "${EMP|TY}"}\n', '**EMPTY** is set to an empty text.'],
    ['missing', 'agents: {dev: {model: "${NO|PE}"}}\n', '**NOPE** is not set.'],
    ['in a field without variables', 'agents: {dev: {system_prompt: "${PL|AIN}"}}\n', 'plain text here'],
  ])('shows a variable that is %s', (_, marked, expected) => {
    expect(shown(marked)).toContain(expected);
  });

  it.each([
    ['said so', 'variables: {A: {value: "${HID|DEN}", secret: true}}\n'],
    ['a password', 'workspaces: {s: {provider: git, url: u, password: "${HID|DEN}"}}\n'],
    ['a header', 'mcp_servers: {m: {type: remote, transport: http, url: u, headers: {A: "x ${HID|DEN}"}}}\n'],
    ['a name that looks like one', 'agents: {dev: {env: {API_TOKEN: "${HID|DEN}"}}}\n'],
  ])('never shows a secret: %s', (_, marked) => {
    expect(shown(marked)).toBe('**HIDDEN** is set. Its value is a secret.');
  });

  const trigger = (text: string): string => `agents: {dev: {scheduler: {triggers: [{${text}}]}}}\n`;

  it('shows the next five times of a trigger', () => {
    expect(shown(trigger('cron: "0 9 * *| 1-5"'))).toBe(
      'Next times (UTC):\n\n- Thu 2026-01-01 09:00\n- Fri 2026-01-02 09:00\n- Mon 2026-01-05 09:00\n- Tue 2026-01-06 09:00\n- Wed 2026-01-07 09:00',
    );
  });

  it('shows them in the time zone of the trigger', () => {
    expect(shown(trigger('cron: "@da|ily", timezone: Asia/Tokyo'))).toContain(
      'Next times (Asia/Tokyo):\n\n- Fri 2026-01-02 00:00\n',
    );
    expect(shown(trigger('interval: 9|0s'))).toContain('- Thu 2026-01-01 00:01:30\n');
  });

  it('says when a trigger never fires, and nothing about a broken one', () => {
    expect(shown(trigger('cron: "0 0 30| 2 *"'))).toBe('Never fires.');
    expect(shown(trigger('cron: "no|pe"'))).toBeUndefined();
  });
});

describe('outline and lenses', () => {
  const source = readSource(`name: shop
variables: {A: {value: s3cret, secret: true}}
agents:
  dev:
    provider: claude
    model: opus
    scheduler:
      triggers:
        - name: hourly
          cron: "@hourly"
        - event: {topic: a.b}
  ops:
    scheduler:
      script: a()
`);

  it('show the crew and its triggers', () => {
    const agents = outline(source).find(symbol => symbol.name === 'agents');
    expect(
      agents?.children.map(agent => [
        agent.kind,
        agent.name,
        agent.detail,
        agent.children.map(inner => [inner.kind, inner.name, inner.detail]),
      ]),
    ).toEqual([
      [
        'agent',
        'dev',
        'claude · opus',
        [
          ['trigger', 'hourly', 'cron @hourly'],
          ['trigger', 'event a.b', ''],
        ],
      ],
      ['agent', 'ops', '', [['script', 'script', '']]],
    ]);
  });

  it('do not show values of variables', () => {
    expect(JSON.stringify(outline(source))).not.toContain('s3cret');
  });

  it('have name ranges inside their ranges', () => {
    const check = (symbols: ReturnType<typeof outline>): void => {
      for (const { span, nameSpan, children } of symbols) {
        expect(nameSpan.start).toBeGreaterThanOrEqual(span.start);
        expect(nameSpan.end).toBeLessThanOrEqual(span.end);
        check(children);
      }
    };
    check(outline(source));
  });

  it('say where agents and triggers can be started', () => {
    const places = lensPlaces(source);
    expect(places.agents.map(agent => [agent.name, source.text.slice(agent.span.start, agent.span.end)])).toEqual([
      ['dev', 'dev'],
      ['ops', 'ops'],
    ]);
    expect(places.triggers.map(({ agent, index, name, hasName }) => [agent, index, name, hasName])).toEqual([
      ['dev', 0, 'hourly', true],
      ['dev', 1, 'event a.b', false],
    ]);
  });
});
