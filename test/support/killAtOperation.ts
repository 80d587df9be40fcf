import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** Everything that changes something outside of the process; reading is not counted. */
const inPromises = [
  'copyFile',
  'link',
  'mkdir',
  'mkdtemp',
  'rename',
  'rm',
  'rmdir',
  'symlink',
  'unlink',
  'utimes',
  'writeFile',
] as const;
const inSync = ['mkdirSync', 'renameSync', 'rmSync', 'writeFileSync'] as const;

/**
 * Counts the operations of this process on files and the processes that it starts, and kills it at once before the one with
 * this number (1 is the first). Returns how many there were so far.
 */
export function killAtOperation(number: number): () => number {
  let count = 0;
  const counted = <T extends (...args: never[]) => unknown>(original: T): T =>
    function (this: unknown, ...args: Parameters<T>) {
      if (++count === number) process.kill(process.pid, 'SIGKILL');
      return Reflect.apply(original, this, args) as ReturnType<T>;
    } as unknown as T;
  for (const name of inPromises) Object.assign(fs.promises, { [name]: counted(fs.promises[name]) });
  for (const name of inSync) Object.assign(fs, { [name]: counted(fs[name]) });
  Object.assign(childProcess, { spawn: counted(childProcess.spawn) });
  syncBuiltinESMExports();
  return () => count;
}
