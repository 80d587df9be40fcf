import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { errorMessage } from '../../base/errors.js';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';

/** Where the system tells nothing about a folder, its files are looked at this often. */
const everyMs = 2_000;

/**
 * Looks after the files by which clients find a host: cleaners of temporary folders remove sockets, and people and programs
 * remove and damage files. `renew` puts right what is wrong, and says so.
 */
export function stayReachable(options: {
  readonly files: readonly string[];
  readonly renew: () => Promise<'there' | 'renewed'>;
  readonly log: Log;
}): Disposable {
  const { files, renew, log } = options;
  let looking = false;
  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    try {
      if ((await renew()) === 'renewed')
        log.warn('Clients could not have found this host; its files were made again', {});
    } catch (error) {
      log.warn('Clients cannot find this host, and its files cannot be made again', { reason: errorMessage(error) });
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(() => void look(), everyMs).unref();
  const watchers = [...new Set(files.map(file => dirname(file)))].flatMap(folder => {
    const names = new Set(files.filter(file => dirname(file) === folder).map(file => basename(file)));
    try {
      const watcher = watch(folder, (_, name) => {
        if (name === null || names.has(name)) void look();
      });
      watcher.on('error', () => watcher.close());
      return [watcher.unref()];
    } catch {
      // The timer looks all the same.
      return [];
    }
  });
  return {
    dispose() {
      clearInterval(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}
