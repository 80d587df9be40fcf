import { describe, expect, it } from 'vitest';
import { plainMessage, plainText, plainTitle, spokenText } from '../../../src/extension/plain/plainText.js';

/** How VS Code 1.139 looks for links in messages (`linkedText.ts`) and for icons in labels (`iconLabels.ts`). */
const link = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/i;
const icon = /\$\([A-Za-z0-9-]+(?:~[A-Za-z]+)?\)/;

describe('words of agents, files and git', () => {
  it.each([
    '[Open the failing test](command:workbench.action.terminal.new)',
    '[a](https://example.com "title")',
    '[[nested](command:muster.merge)',
    '[x]\u202a(command:muster.merge)',
    '[x]\u001b[0m(command:muster.merge)',
    '[x]\r(command:muster.merge)',
  ])('never become a link: %j', text => {
    expect(text.replace(/[\u0000-\u001f\u202a]|\[0m/g, '')).toMatch(link);
    expect(plainText(text)).not.toMatch(link);
  });

  it('never become an icon', () => {
    expect(plainText('Approved $(check) by $(verified~spin)')).not.toMatch(icon);
  });

  it('keep every character that can be seen', () => {
    const said = 'echo $(pwd) | see [the docs](https://example.com)\n\tthen `npm test`';
    expect(plainText(said).replaceAll('\u2060', '')).toBe(said);
  });

  it('lose what cannot be seen: colours, controls and what turns text around', () => {
    expect(plainText('\u001b[31mred\u001b[0m \u0007safe\u202egnp.exe\u2066')).toBe('red safegnp.exe');
    expect(plainText('\u001b]8;;https://example.com\u0007here\u001b]8;;\u0007')).toBe('here');
  });

  it.each([
    [
      'Provider `own` runs the command `sh -c "x"`. It may do anything.',
      'Provider “own” runs the command “sh -c "x"”. It may do anything.',
    ],
    ['Install it with `npm install -g x` (or `brew`).', 'Install it with “npm install -g x” (or “brew”).'],
    ['`a`\nand `b`:', '“a”\nand “b”:'],
  ])('stand in quotes where ticks mean nothing: %j', (text, spoken) => {
    expect(spokenText(text)).toBe(spoken);
  });

  it.each(['echo `date', 'echo `echo `date``', "it's `a`b`c`", 'x`y`z'])('keep ticks of their own: %j', text => {
    expect(spokenText(text)).toBe(text);
  });

  it('are cut where a message has no room', () => {
    expect(plainMessage('x'.repeat(1_000_000))).toHaveLength(2_000);
    expect(plainMessage('short')).toBe('short');
  });
});

it('a title of a discussion has nothing that VS Code would write out as an entity', () => {
  const title = plainTitle('Outdated: was line 11: > Document<T> && $(x)');
  expect(title).not.toMatch(/[<>&]/);
  expect(title).toMatch(/^Outdated: was line 11: › Document‹T› ＆＆ /);
});
