import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { launchBrowser, openWebview, type OpenWebview } from './openWebview.js';
import { startWebviewServer, type WebviewName, type WebviewServer } from './webviewServer.js';

type Look = Partial<Pick<Parameters<typeof openWebview>[0], 'theme' | 'width' | 'height'>>;

/** Opens a view in a browser that lives as long as the file's tests; a view with problems fails its test. */
export function webviews<In, Out>(name: WebviewName) {
  let server: WebviewServer;
  let browser: Browser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startWebviewServer(), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.dispose();
  });
  return async (
    messages: readonly In[],
    use: (view: OpenWebview<In, Out>) => Promise<void>,
    look: Look = {},
  ): Promise<void> => {
    const view = await openWebview<In, Out>({ browser, server, view: name, ...look });
    try {
      await view.send(...messages);
      await use(view);
      expect(await view.problems()).toEqual([]);
    } finally {
      await view.close();
    }
  };
}
