import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { PageAnswer, PageRequest } from './pageAnswer.js';

interface Asset {
  /** Below the folder of the bundles. */
  readonly file: readonly string[];
  readonly type: string;
}

/** Everything that pages are made of. Nothing of a request chooses a file: it names a line of this table, or nothing. */
const assets: ReadonlyMap<string, Asset> = new Map([
  ['/assets/login.css', { file: ['webview', 'login.css'], type: 'text/css; charset=utf-8' }],
  ['/assets/site.css', { file: ['webview', 'site.css'], type: 'text/css; charset=utf-8' }],
  ['/assets/site.js', { file: ['webview', 'site.js'], type: 'text/javascript; charset=utf-8' }],
  ['/assets/codicon.css', { file: ['webview', 'codicon.css'], type: 'text/css; charset=utf-8' }],
  ['/assets/codicon.ttf', { file: ['webview', 'codicon.ttf'], type: 'font/ttf' }],
  ['/assets/manifest.webmanifest', { file: ['webview', 'manifest.webmanifest'], type: 'application/manifest+json' }],
  ['/assets/icon.png', { file: ['webview', 'icon.png'], type: 'image/png' }],
]);

interface Loaded {
  readonly body: Buffer;
  /** Missing where packing saves nothing. */
  readonly packed?: Buffer;
  readonly tag: string;
}

/** The files of the pages, read once. They hold nothing that is anybody's, so that they need no login. */
export class PageAssets {
  readonly #folder: string;
  readonly #loaded = new Map<string, Promise<Loaded>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Undefined for what is none. */
  answer(request: PageRequest, path: string): Promise<PageAnswer> | undefined {
    const asset = assets.get(path);
    return asset && request.method === 'GET' ? this.#answer(asset, path, request) : undefined;
  }

  async #answer({ file, type }: Asset, path: string, { headers }: PageRequest): Promise<PageAnswer> {
    let loading = this.#loaded.get(path);
    if (!loading) {
      loading = load(join(this.#folder, ...file));
      this.#loaded.set(path, loading);
      // What could not be read is tried again.
      loading.catch(() => this.#loaded.delete(path));
    }
    const { body, packed, tag } = await loading;
    const more = { 'etag': tag, 'cache-control': 'no-cache', 'vary': 'accept-encoding' };
    if (headers['if-none-match'] === tag) return { status: 304, headers: more };
    const takesPacked = /\bgzip\b/.test(headers['accept-encoding'] ?? '');
    return packed && takesPacked
      ? { status: 200, type, body: packed, headers: { ...more, 'content-encoding': 'gzip' } }
      : { status: 200, type, body, headers: more };
  }
}

const pack = promisify(gzip);

async function load(path: string): Promise<Loaded> {
  const body = await readFile(path);
  const packed = await pack(body);
  const tag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  return { body, tag, ...(packed.length < body.length && { packed }) };
}
