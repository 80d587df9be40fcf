import { expect, test } from 'vitest';
import { terminalStretches } from '../../../webview/shared/terminalText.js';

const textOf = (text: string): string =>
  terminalStretches(text)
    .map(each => each.text)
    .join('');

test('colours are looks, and end where the program ends them', () => {
  expect(terminalStretches('\u001b[1;32m✓\u001b[0m ok \u001b[91mbad\u001b[39m \u001b[2mdim')).toEqual([
    { text: '✓', look: 'ansi-green ansi-bold' },
    { text: ' ok ', look: '' },
    { text: 'bad', look: 'ansi-red' },
    { text: ' ', look: '' },
    { text: 'dim', look: 'ansi-dim' },
  ]);
});

test('colours of larger palettes are skipped with their arguments', () => {
  expect(terminalStretches('\u001b[38;5;196mred\u001b[48;2;1;2;3mx\u001b[m')).toEqual([
    { text: 'red', look: '' },
    { text: 'x', look: '' },
  ]);
});

test('progress that writes over itself shows its last state', () => {
  expect(textOf('10%\r50%\r100%\nnext\r\nlast\r')).toBe('100%\nnext\nlast');
});

test('what moves the cursor, sets titles or links is left out', () => {
  expect(textOf('\u001b[2K\u001b]0;title\u0007a\u001b]8;;http://x\u001b\\b\u0007\u001b')).toBe('ab');
});
