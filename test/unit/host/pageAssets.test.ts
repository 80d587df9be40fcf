import { mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { PageAssets } from '../../../src/host/pages/assets.js';
import { tempDirectory } from '../../support/tempDirectory.ts';

function asked(headers: Readonly<Record<string, string>> = {}, method = 'GET'): IncomingMessage {
  return { method, headers } as unknown as IncomingMessage;
}

test('files of pages come with their type, packed for who takes that, and only when they are others', async () => {
  const folder = tempDirectory();
  mkdirSync(join(folder, 'webview'));
  const script = 'console.log("muster");\n'.repeat(100);
  writeFileSync(join(folder, 'webview', 'site.js'), script);
  writeFileSync(join(folder, 'webview', 'manifest.webmanifest'), '{}');
  const assets = new PageAssets(folder);
  const plain = await assets.answer(asked(), '/assets/site.js');
  expect(plain).toMatchObject({ status: 200, type: 'text/javascript; charset=utf-8' });
  expect(String(plain?.body)).toBe(script);
  const packed = await assets.answer(asked({ 'accept-encoding': 'br, gzip' }), '/assets/site.js');
  expect(packed?.headers).toMatchObject({ 'content-encoding': 'gzip', 'vary': 'accept-encoding' });
  expect(gunzipSync(packed?.body ?? '').toString()).toBe(script);
  const tag = String(plain?.headers?.['etag']);
  expect(await assets.answer(asked({ 'if-none-match': tag }), '/assets/site.js')).toMatchObject({ status: 304 });
  const manifest = await assets.answer(asked(), '/assets/manifest.webmanifest');
  expect(manifest).toMatchObject({ status: 200, type: 'application/manifest+json' });
  await expect(assets.answer(asked(), '/assets/site.css')).rejects.toThrow('ENOENT');
});

test('nothing of a request chooses a file', () => {
  const assets = new PageAssets('/');
  for (const path of ['/assets/../host.js', '/assets/%2e%2e/host.js', '/assets/site.js.map', '/assets/', '/etc/passwd'])
    expect(assets.answer(asked(), path)).toBeUndefined();
  expect(assets.answer(asked({}, 'POST'), '/assets/site.js')).toBeUndefined();
});
