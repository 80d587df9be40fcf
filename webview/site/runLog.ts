import { fill } from '../../src/protocol/webview/webviewStrings.js';
import { ask } from './dialogs.js';
import type { SiteClient } from './hostCalls.js';
import { siteStrings as texts } from './siteStrings.js';

/** More does not help a person in a dialog; the command line has all of it. */
const shownBytes = 200_000;

/** Shows the end of what a run printed. */
export async function readRunLog(
  client: SiteClient,
  { runId, signal }: { readonly runId: string; readonly signal: AbortSignal },
): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  const request = { runId, stream: 'stdout', tailBytes: BigInt(shownBytes) };
  for await (const { chunk } of client.runs.readLog(request, { signal }))
    text += decoder.decode(chunk, { stream: true });
  await ask({
    title: fill(texts.log, runId),
    text: text === '' ? texts.noLog : text,
    choices: [],
    dismiss: texts.close,
  });
}
