import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { webviewStrings } from '../protocol/webview/webviewStrings.js';
import { threadGroupWords, threadStatusWords } from '../protocol/threadDisplay.js';
import { inRepository } from './paths.ts';

/** A call `l10n.t('…'` whose text is one literal; others (texts from tables) are listed by their tables. */
const call = /\bl10n\.t\(\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)")/g;

/** Every text that the extension translates at run time, each mapped to itself: the bundle that translators start from. */
export async function translatableTexts(): Promise<Readonly<Record<string, string>>> {
  const found = new Set<string>([
    ...Object.values(webviewStrings),
    ...Object.values(threadGroupWords),
    ...Object.values(threadStatusWords),
  ]);
  const folder = inRepository('src', 'extension');
  for (const file of await readdir(folder, { recursive: true })) {
    if (!file.endsWith('.ts')) continue;
    const source = await readFile(join(folder, file), 'utf8');
    for (const [, single, double] of source.matchAll(call)) found.add(unescape(single ?? double ?? ''));
  }
  return Object.fromEntries([...found].sort().map(text => [text, text]));
}

function unescape(literal: string): string {
  return literal.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}
