import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { inRepository } from './paths.ts';
import { say } from './progress.ts';

/** A translation by its file, and the English texts that it is of. */
export interface Translation {
  readonly path: string;
  readonly english: Readonly<Record<string, string>>;
}

/**
 * A translation, in the order of the English texts and without those that are gone. People write it: what is missing is named, and
 * VS Code shows the English text until somebody has.
 */
export async function renewedTranslation({ path, english }: Translation): Promise<Readonly<Record<string, string>>> {
  const known = await readTexts(path);
  const missing = Object.keys(english).filter(key => !known.has(key));
  for (const key of missing) say(`  ${path} lacks ${JSON.stringify(key)}`);
  return Object.fromEntries(
    Object.keys(english).flatMap((key): readonly [string, string][] => {
      const text = known.get(key);
      return text === undefined ? [] : [[key, text]];
    }),
  );
}

async function readTexts(path: string): Promise<ReadonlyMap<string, string>> {
  if (!existsSync(inRepository(path))) return new Map();
  const texts: unknown = JSON.parse(await readFile(inRepository(path), 'utf8'));
  const entries = typeof texts === 'object' && texts !== null ? Object.entries(texts) : [];
  return new Map(entries.flatMap(([key, text]) => (typeof text === 'string' ? [[key, text] as const] : [])));
}
