import { build } from 'esbuild';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { optionsFor } from '../../../src/build/bundles.ts';
import { inRepository } from '../../../src/build/paths.ts';
import type { Disposable } from '../../../src/base/lifecycle.js';
import { webviewDocument } from '../../../src/extension/webviews/webviewDocument.js';

export interface WebviewServer extends Disposable {
  /** Address of a view's document, written as the extension writes it. */
  url(view: WebviewName): string;
}

export type WebviewName = 'threadPage' | 'board';

const elements: Readonly<Record<WebviewName, string>> = { threadPage: 'muster-thread-page', board: 'muster-board' };
const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.ttf': 'font/ttf',
};

/** Builds the webviews as they ship and serves them with the document and the policy that the extension gives them. */
export async function startWebviewServer(): Promise<WebviewServer> {
  const files = new Map<string, Uint8Array>();
  for (const view of Object.keys(elements)) {
    const result = await build({
      ...optionsFor({ name: view, entry: `webview/${view}/main.ts`, kind: 'webview' }),
      sourcemap: false,
    });
    for (const file of result.outputFiles ?? []) files.set(`/${file.path.split('/').at(-1)}`, file.contents);
  }
  for (const name of ['codicon.css', 'codicon.ttf']) {
    files.set(`/${name}`, await readFile(inRepository('node_modules', '@vscode', 'codicons', 'dist', name)));
  }
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const view = path.slice(1);
    const found = files.get(path);
    if (isView(view)) {
      response.setHeader('Content-Type', 'text/html');
      response.end(documentOf(view, `http://${request.headers.host}`));
    } else if (found) {
      response.setHeader('Content-Type', types[extname(path)] ?? 'application/octet-stream');
      response.end(found);
    } else {
      response.statusCode = path === '/favicon.ico' ? 204 : 404;
      response.end();
    }
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: view => `http://127.0.0.1:${port}/${view}`,
    dispose: () => new Promise(resolve => server.close(() => resolve())),
  };
}

function isView(name: string): name is WebviewName {
  return Object.hasOwn(elements, name);
}

function documentOf(view: WebviewName, origin: string): string {
  return webviewDocument({
    nonce: 'bm9uY2U',
    source: origin,
    styles: [`${origin}/codicon.css`, `${origin}/${view}.css`],
    script: `${origin}/${view}.js`,
    element: elements[view],
    title: 'Muster',
    language: 'en',
  });
}
