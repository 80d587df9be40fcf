import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { listFiles, replaceFile } from './files.ts';
import { inRepository } from './paths.ts';

/** The licences of everything that was bundled, as those licences ask for. Returns the path written. */
export async function writeThirdPartyNotices(): Promise<string> {
  const folders = new Set(['node_modules/better-sqlite3', 'node_modules/@vscode/codicons']);
  for (const metafile of await listFiles('out/meta')) {
    const { inputs }: { inputs: Readonly<Record<string, unknown>> } = JSON.parse(
      await readFile(inRepository(metafile), 'utf8'),
    );
    for (const input of Object.keys(inputs)) {
      const folder = /^((?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
      if (folder) folders.add(folder);
    }
  }
  const notices = await Promise.all([...folders].toSorted().map(noticeOf));
  const path = join('dist', 'THIRD_PARTY_NOTICES.txt');
  await replaceFile(path, `Muster contains the following software.\n\n${notices.join('\n')}`);
  return path;
}

async function noticeOf(folder: string): Promise<string> {
  const { name, version, license }: { name: string; version: string; license?: string } = JSON.parse(
    await readFile(inRepository(folder, 'package.json'), 'utf8'),
  );
  const file = (await readdir(inRepository(folder))).find(entry => /^licen[cs]e/i.test(entry));
  const text = file ? await readFile(inRepository(folder, file), 'utf8') : '';
  return `${'-'.repeat(80)}\n${name} ${version} — ${license ?? 'licence below'}\n\n${text.trim()}\n`;
}
