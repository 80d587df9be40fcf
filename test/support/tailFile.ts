import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** Prints what is appended to a file, also before it exists, until disposed; disposing prints the rest. */
export function tailFile(path: string, print: (text: string) => void): AsyncDisposable {
  const stop = new AbortController();
  let handle: FileHandle | undefined;
  const readOn = async () => {
    handle ??= await open(path).catch(() => undefined);
    const buffer = Buffer.alloc(64 * 1024);
    for (;;) {
      const bytes = (await handle?.read(buffer, 0, buffer.length))?.bytesRead ?? 0;
      if (bytes === 0) return;
      print(buffer.toString('utf8', 0, bytes));
    }
  };
  const following = (async () => {
    while (!stop.signal.aborted) {
      await readOn();
      await delay(200, undefined, { signal: stop.signal }).catch(() => undefined);
    }
    await readOn();
    await handle?.close();
  })();
  return {
    [Symbol.asyncDispose]: () => {
      stop.abort();
      return following;
    },
  };
}
