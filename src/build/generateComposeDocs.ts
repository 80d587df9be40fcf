import { readFile } from 'node:fs/promises';
import { composeReference } from '../compose/reference/composeReference.js';
import { replaceFile } from './files.ts';
import { inRepository } from './paths.ts';

/** Relative to the checkout. What stands before the marker is written by hand. */
export const composeDocsPath = 'docs/compose.md';

const MARKER = '<!-- Generated from here on: `npm run generate`. -->\n';

/** The page with its field reference renewed. */
export async function composeDocsText(): Promise<string> {
  const page = await readFile(inRepository(composeDocsPath), 'utf8');
  const end = page.indexOf(MARKER);
  if (end < 0) throw new Error(`${composeDocsPath} lost the line ${MARKER.trim()}`);
  return `${page.slice(0, end)}${MARKER}\n${composeReference()}`;
}

export async function generate(): Promise<void> {
  await replaceFile(composeDocsPath, await composeDocsText());
}
