import { describe, expect, it } from 'vitest';
import { completions, decidedWord } from '../../../../src/compose/editor/completions.js';
import { readSource } from '../../../../src/compose/editor/composeSource.js';

const TRIGGER = 'agents:\n  dev:\n    scheduler:\n      triggers:\n        - ';
const CREW = 'agents:\n  rev: {}\n  reviewer: {}\n  dev:\n    handoff:\n      on_response: ';

/** Labels that are offered for a value at `|`. */
function labels(marked: string): readonly string[] {
  return at(marked).map(({ label }) => label);
}

function at(marked: string) {
  return completions(readSource(marked.replace('|', '')), marked.indexOf('|')).filter(({ kind }) => kind !== 'field');
}

function accept(marked: string, label: string): string {
  const text = marked.replace('|', '');
  const found = at(marked).find(each => each.label === label);
  if (!found) throw new Error(`no ${label} among ${labels(marked).join(', ')}`);
  return text.slice(0, found.span.start) + found.insertText + text.slice(found.span.end);
}

describe('nothing is offered that would replace a finished value', () => {
  it.each([
    ['behind a single quote', `${TRIGGER}cron: '* * * * *'|`],
    ['behind a double quote', `${TRIGGER}cron: "* * * * *"|`],
    ['behind a quote with a space', `${TRIGGER}cron: "* * * * *" |`],
    ['behind a quote around what is offered', `${TRIGGER}cron: "@hourly"|`],
    ['behind a quote around the beginning of what is offered', `${TRIGGER}cron: "@hou"|`],
    ['behind quotes around nothing', `${TRIGGER}cron: ""|`],
    ['behind a quote in a line', `${TRIGGER}{cron: '* * * * *'|}`],
    ['in front of a quote', `${TRIGGER}cron: |"* * * * *"`],
    ['between quotes', `${TRIGGER}cron: "* * * * *|"`],
    ['between quotes that are open', `${TRIGGER}cron: '* * *|`],
    ['without quotes', `${TRIGGER}cron: 5 * * * *|`],
    ['which is the beginning of what is offered', `${TRIGGER}cron: 0 9 * * 1|`],
    ['in the middle of it', `${TRIGGER}cron: 0 9 |3 * 1`],
    ['which is what is offered', `${TRIGGER}cron: "@every 15m|"`],
    ['of a time zone', `${TRIGGER}cron: "@daily"\n          timezone: Asia/Seoul|`],
    ['of a time zone behind a quote', `${TRIGGER}cron: "@daily"\n          timezone: 'UTC'|`],
    ['which names an agent', `${CREW}rev|`],
    ['which names an agent, in a list', `${CREW}\n        - rev|`],
    ['which names an agent, in a list behind a quote', `${CREW}\n        - "rev"|`],
    ['which names an agent, in a list in a line', `${CREW}["rev"|]`],
    ['of a model', 'agents:\n  a: {model: fast-2}\n  dev:\n    model: fast-2|'],
    ['with letters of what is offered', 'agents:\n  dev:\n    permissions: cfd|'],
    ['of a boolean', 'agents:\n  dev:\n    enabled: true|'],
    ['beside an anchor', 'x-a: &base {a: b}\nagents:\n  dev:\n    model: ab|'],
  ])('%s', (_, marked) => {
    expect(labels(marked)).toEqual([]);
  });
});

describe('what goes on with what is written is offered', () => {
  it.each([
    ['between quotes', `${TRIGGER}cron: "@h|"`, ['@hourly']],
    ['between single quotes', `${TRIGGER}cron: '*/|'`, ['*/10 * * * *']],
    ['between quotes in a line', `${TRIGGER}{cron: "0 9|"}`, ['0 9 * * 1-5']],
    ['without quotes', `${TRIGGER}cron: 0 9 |`, ['0 9 * * 1-5']],
    ['in any case', 'agents:\n  dev:\n    permissions: CON|', ['confined']],
    ['in the middle of a word', 'agents:\n  dev:\n    enabled: t|r', ['true']],
    ['of a name', `${CREW}revi|`, ['reviewer']],
    ['of a name in a list', `${CREW}\n        - revi|`, ['reviewer']],
  ])('%s', (_, marked, expected) => {
    expect(labels(marked)).toEqual(expected);
  });

  it('and replaces it as a whole, in quotes where YAML needs them', () => {
    expect(accept(`${TRIGGER}cron: '@h|'`, '@hourly')).toBe(`${TRIGGER}cron: "@hourly"`);
    expect(accept(`${TRIGGER}cron: |`, '*/10 * * * *')).toBe(`${TRIGGER}cron: "*/10 * * * *"`);
    expect(accept(`${TRIGGER}{cron: "0 9 *|", name: a}`, '0 9 * * 1-5')).toBe(`${TRIGGER}{cron: 0 9 * * 1-5, name: a}`);
    expect(accept(`${CREW}\n        - re| # why`, 'reviewer')).toBe(`${CREW}\n        - reviewer # why`);
    expect(accept('agents:\n  dev:\n    permissions: "con|" # why', 'confined')).toBe(
      'agents:\n  dev:\n    permissions: confined # why',
    );
  });

  it('and nothing is like it any more once its closing quote is written', () => {
    for (const { filterText } of at(`${TRIGGER}cron: "|"`)) expect(filterText).toMatch(/^"[^"]+$/);
  });
});

describe('a word that only the language or the names of the file can explain', () => {
  it.each([
    ['a field', 'agents:\n  dev:\n    zzz|', 'zzz'],
    ['the name of an agent', 'agents:\n  zzz|', 'zzz'],
    ['a word of a list', 'agents:\n  dev:\n    permissions: zzz|', 'zzz'],
    ['a name', `${CREW}zzz|`, 'zzz'],
    ['a name in a list', `${CREW}\n        - zzz|`, 'zzz'],
  ])('is %s', (_, marked, expected) => {
    const text = marked.replace('|', '');
    const span = decidedWord(readSource(text), marked.indexOf('|'));
    expect(span && text.slice(span.start, span.end)).toBe(expected);
  });

  it.each([
    ['prose', 'agents:\n  dev:\n    system_prompt: zzz|'],
    ['a text over several lines', 'agents:\n  dev:\n    system_prompt: >\n      zzz|'],
    ['an argument', 'agents:\n  dev:\n    args:\n      - zzz|'],
    ['empty', 'agents:\n  dev:\n    |'],
    ['behind the cursor', 'agents:\n  dev:\n    permissions: |zzz'],
  ])('is not %s', (_, marked) => {
    expect(decidedWord(readSource(marked.replace('|', '')), marked.indexOf('|'))).toBeUndefined();
  });
});
