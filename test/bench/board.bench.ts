import type { Figure } from '../../src/build/benchFigures.ts';
import type { ToBoard } from '../../src/protocol/webview/boardMessages.js';
import { busyBoard } from '../webview/support/boardFixtures.js';
import { launchBrowser, openWebview } from '../webview/support/openWebview.js';
import { threadView } from '../webview/support/threadFixtures.js';
import { startWebviewServer } from '../webview/support/webviewServer.js';
import { spread } from './figures.js';

const cards = 1_000;
const frames = 240;
const step = 120;
/** 60 frames a second. */
const frameMs = 1000 / 60;

/** How a column of a thousand cards scrolls in the machine's browser, which draws without a graphics card here. */
export async function measure(): Promise<readonly Figure[]> {
  const threads = Array.from({ length: cards }, (_, i) =>
    threadView({ id: `many${String(i).padStart(8, '0')}`, summary: `Task ${i}`, status: 'ready', updatedAt: i }),
  );
  const [server, browser] = await Promise.all([startWebviewServer(), launchBrowser()]);
  try {
    const view = await openWebview<ToBoard, unknown>({ browser, server, view: 'board' });
    await view.send(...busyBoard(threads));
    const { work, between } = await view.page.evaluate(scroll, { frames, step });
    return [
      ...spread(`board of ${cards} threads: work of a frame while scrolling`, work, { p50: frameMs / 2, p99: frameMs }),
      ...spread(`board of ${cards} threads: from frame to frame while scrolling`, between, { p50: frameMs * 1.05 }),
    ];
  } finally {
    await browser.close();
    await server.dispose();
  }
}

/** Runs in the page. Style and layout of what comes into sight are asked for in the frame, so that they count. */
async function scroll({ frames: count, step: by }: { readonly frames: number; readonly step: number }) {
  const list = document.querySelector('[aria-label="Ready for review"] .cards');
  if (!list) throw new Error('No column');
  const work: number[] = [];
  const between: number[] = [];
  let last = await new Promise<number>(resolve => requestAnimationFrame(resolve));
  for (let frame = 0; frame < count; frame++) {
    const now = await new Promise<number>(resolve => requestAnimationFrame(resolve));
    between.push(now - last);
    last = now;
    const begun = performance.now();
    list.scrollTop += by;
    document.elementFromPoint(innerWidth / 2, innerHeight / 2)?.getBoundingClientRect();
    work.push(performance.now() - begun);
  }
  return { work, between };
}
