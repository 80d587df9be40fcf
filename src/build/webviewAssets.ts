import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from './files.ts';
import { inRepository } from './paths.ts';
import { tabIcons } from '../protocol/threadDisplay.ts';

/** Colours of icons in VS Code's own themes: a file cannot ask which theme is in use. */
const iconColors = { light: '#424242', dark: '#c5c5c5' } as const;

/** Icons of the font that are only another's second name have no file of their own. */
const fileNames: ReadonlyMap<string, string> = new Map([['clock', 'history']]);

/** Copies the icon font that webviews draw states with, and the icons that tabs of threads show their states with. */
export async function copyWebviewAssets(): Promise<readonly string[]> {
  const written = [...(await copyFont()), ...(await copyPageFiles())];
  for (const icon of tabIcons) {
    const svg = await readFile(
      inRepository('node_modules', '@vscode', 'codicons', 'src', 'icons', `${fileNames.get(icon) ?? icon}.svg`),
      'utf8',
    );
    for (const [theme, color] of Object.entries(iconColors)) {
      const target = join('dist', 'webview', `tab-${icon}-${theme}.svg`);
      await replaceFile(target, Buffer.from(svg.replaceAll('currentColor', color)));
      written.push(target);
    }
  }
  return written;
}

async function copyFont(): Promise<readonly string[]> {
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

/** What pages of the host need that is bundled with no script. */
const pageFiles: ReadonlyMap<string, readonly string[]> = new Map([
  ['login.css', ['webview', 'site', 'login.css']],
  ['manifest.webmanifest', ['webview', 'site', 'manifest.webmanifest']],
  ['icon.png', ['media', 'icon.png']],
]);

async function copyPageFiles(): Promise<readonly string[]> {
  const written: string[] = [];
  for (const [name, source] of pageFiles) {
    const target = join('dist', 'webview', name);
    await replaceFile(target, await readFile(inRepository(...source)));
    written.push(target);
  }
  return written;
}
