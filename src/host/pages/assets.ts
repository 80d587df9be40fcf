import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PageAnswer, PageRequest } from './pageAnswer.js';

interface Asset {
  /** Below the folder of the bundles. */
  readonly file: readonly string[];
  readonly type: string;
}

/** Everything that pages are made of. Nothing of a request chooses a file: it names a line of this table, or nothing. */
const assets: ReadonlyMap<string, Asset> = new Map([
  ['/assets/login.css', { file: ['webview', 'login.css'], type: 'text/css; charset=utf-8' }],
  ['/assets/icon.png', { file: ['webview', 'icon.png'], type: 'image/png' }],
]);

interface Loaded {
  readonly body: Buffer;
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
  answer({ method, headers }: PageRequest, path: string): Promise<PageAnswer> | undefined {
    const asset = assets.get(path);
    if (!asset || method !== 'GET') return undefined;
    return this.#answer(asset, { path, known: headers['if-none-match'] });
  }

  async #answer(
    { file, type }: Asset,
    { path, known }: { readonly path: string; readonly known: string | undefined },
  ): Promise<PageAnswer> {
    let loading = this.#loaded.get(path);
    if (!loading) {
      loading = load(join(this.#folder, ...file));
      this.#loaded.set(path, loading);
      // What could not be read is tried again.
      loading.catch(() => this.#loaded.delete(path));
    }
    const { body, tag } = await loading;
    const headers = { 'etag': tag, 'cache-control': 'no-cache' };
    return known === tag ? { status: 304, headers } : { status: 200, type, body, headers };
  }
}

async function load(path: string): Promise<Loaded> {
  const body = await readFile(path);
  return { body, tag: `"${createHash('sha256').update(body).digest('base64url')}"` };
}
