import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from './files.ts';
import { inRepository } from './paths.ts';

/** Copies the icon font that webviews draw states with. */
export async function copyWebviewAssets(): Promise<readonly string[]> {
  const written: string[] = [];
  for (const file of ['codicon.css', 'codicon.ttf']) {
    const source = inRepository('node_modules', '@vscode', 'codicons', 'dist', file);
    if (!existsSync(source)) throw new Error(`${source} is missing; run npm install.`);
    const target = join('dist', 'webview', file);
    await replaceFile(target, await readFile(source));
    written.push(target);
  }
  return written;
}
