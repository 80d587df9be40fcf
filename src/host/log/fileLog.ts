import { closeSync, existsSync, fstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import type { Disposable } from '../../base/lifecycle.js';
import type { Log } from '../../base/log.js';
import type { Redactor } from '../../base/redactor.js';

type Level = 'debug' | 'info' | 'warn' | 'error';

/** One log file is at most 5 MB; three older ones are kept. */
const maxBytes = 5_000_000;
const keptFiles = 3;

/** Appends JSON lines to a file (0600), rotates it, and lets nothing past the redactor. */
export class FileLog implements Log, Disposable {
  readonly #file: string;
  readonly #redactor: Redactor;
  readonly #now: () => number;
  readonly #echo: ((line: string) => void) | undefined;
  #descriptor: number | undefined;
  #size = 0;
  #closed = false;

  constructor(
    file: string,
    options: { readonly redactor: Redactor; readonly now: () => number; readonly echo?: (line: string) => void },
  ) {
    this.#file = file;
    this.#redactor = options.redactor;
    this.#now = options.now;
    this.#echo = options.echo;
  }

  debug(message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#write('debug', message, fields);
  }

  info(message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#write('info', message, fields);
  }

  warn(message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#write('warn', message, fields);
  }

  error(message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#write('error', message, fields);
  }

  dispose(): void {
    this.#closed = true;
    this.#close();
  }

  #close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #write(level: Level, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const at = new Date(this.#now()).toISOString();
    const line = `${this.#redactor.redact(JSON.stringify({ at, level, message, ...fields }))}\n`;
    this.#echo?.(line);
    // What still talks after the end must not open the file again: nobody would close it.
    if (this.#closed) return;
    try {
      const descriptor = this.#open(line.length);
      this.#size += writeSync(descriptor, line);
    } catch {
      // A full disk must not take the host with it; the next line tries again.
      this.#close();
    }
  }

  #open(more: number): number {
    if (this.#descriptor !== undefined && this.#size + more > maxBytes) {
      this.#close();
      for (let n = keptFiles; n >= 1; n--) {
        const from = n === 1 ? this.#file : `${this.#file}.${n - 1}`;
        if (existsSync(from)) renameSync(from, `${this.#file}.${n}`);
      }
      rmSync(`${this.#file}.${keptFiles + 1}`, { force: true });
    }
    if (this.#descriptor === undefined) {
      this.#descriptor = openSync(this.#file, 'a', 0o600);
      this.#size = fstatSync(this.#descriptor).size;
    }
    return this.#descriptor;
  }
}
