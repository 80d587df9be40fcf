import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../node/systemError.js';

/** Notifications get lost (network volumes); this is how late an answer is then seen. */
const pollMs = 500;

/** What a host may answer: the words of a question's answer, or why there is none. */
export type Answer = Readonly<Record<string, unknown>>;

/**
 * Writes one letter into the mailbox and resolves with its answer, however long that takes. Several processes of one run may
 * write at the same time. Rejects when aborted, and when the run directory is gone.
 */
export async function ask(runDirectory: string, letter: unknown, signal: AbortSignal): Promise<Answer> {
  const folder = join(runDirectory, 'mail');
  const number = post(folder, JSON.stringify(letter));
  ring(runDirectory);
  const answer = join(folder, `${number}.answer.json`);
  return await appears(folder, answer, signal);
}

/** The letter's number: the first that nobody has. The reservation keeps another writer off it until the letter is whole. */
function post(folder: string, text: string): number {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (let number = nextNumber(folder); ; number++) {
    const letter = join(folder, `${number}.ask.json`);
    const reservation = join(folder, `${number}.reserved`);
    try {
      writeFileSync(reservation, '', { mode: 0o600, flag: 'wx' });
    } catch (error) {
      // Another writer has it. Anything else (a full disk) would be the same for every number.
      if (systemCode(error) !== 'EEXIST') throw error;
      continue;
    }
    try {
      // Whoever had the reservation before may have finished between our look and ours.
      if (existsSync(letter)) continue;
      const whole = join(folder, `${number}.${randomBytes(6).toString('hex')}`);
      writeFileSync(whole, text, { mode: 0o600, flag: 'wx' });
      renameSync(whole, letter);
      return number;
    } finally {
      rmSync(reservation, { force: true });
    }
  }
}

function nextNumber(folder: string): number {
  const taken = readdirSync(folder).flatMap(name => /^(\d{1,6})\.ask\.json$/.exec(name)?.[1] ?? []);
  return taken.reduce((highest, number) => Math.max(highest, Number(number)), 0) + 1;
}

/** The host watches this file; it looks by itself every second when this is lost. */
function ring(runDirectory: string): void {
  appendFileSync(join(runDirectory, 'bell'), '.', { mode: 0o600 });
}

async function appears(folder: string, file: string, signal: AbortSignal): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const look = (): void => {
    try {
      if (existsSync(file)) resolve(parseAnswer(readFileSync(file, 'utf8')));
      else if (!existsSync(folder)) reject(new Error('The run directory is gone.'));
    } catch (error) {
      reject(error);
    }
  };
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const watcher = watch(folder, look);
  watcher.on('error', () => watcher.close());
  const timer = setInterval(look, pollMs);
  if (signal.aborted) onAbort();
  else look();
  try {
    return await promise;
  } finally {
    clearInterval(timer);
    watcher.close();
    signal.removeEventListener('abort', onAbort);
  }
}

function parseAnswer(text: string): Answer {
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
