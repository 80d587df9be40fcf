import { replaceFile } from './files.ts';
import { renewedTranslation } from './germanTexts.ts';
import { generateContributions } from '../extension/manifest/contributions.js';
import { readManifest } from './manifest.ts';
import { translatableTexts } from './translatableTexts.ts';

/** A generated file: path relative to the checkout, and its whole text. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** `package.json` with its generated parts renewed, and the texts that translators start from. */
export async function manifestFiles(): Promise<readonly GeneratedFile[]> {
  const { texts, ...generated } = generateContributions();
  const manifest = await readManifest();
  const runTime = await translatableTexts();
  const german = [
    { path: 'package.nls.de.json', english: texts },
    { path: 'l10n/bundle.l10n.de.json', english: runTime },
  ];
  const translated = german.map(async each => ({ path: each.path, text: print(await renewedTranslation(each)) }));
  return [
    { path: 'package.json', text: print({ ...manifest, ...generated }) },
    { path: 'package.nls.json', text: print(texts) },
    { path: 'l10n/bundle.l10n.json', text: print(runTime) },
    ...(await Promise.all(translated)),
  ];
}

/** Writes what {@link manifestFiles} says. */
export async function generate(): Promise<void> {
  for (const { path, text } of await manifestFiles()) await replaceFile(path, Buffer.from(text));
}

function print(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
