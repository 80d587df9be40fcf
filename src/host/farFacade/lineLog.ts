import type { Log } from '../../base/log.js';
import type { Redactor } from '../../base/redactor.js';

type Fields = Readonly<Record<string, unknown>>;

export interface LineLogOptions {
  readonly write: (line: string) => void;
  readonly redactor: Redactor;
  readonly now: () => number;
}

/** Lines of JSON for whoever collects what containers print. Nothing gets past the redactor. */
export class LineLog implements Log {
  readonly #options: LineLogOptions;

  constructor(options: LineLogOptions) {
    this.#options = options;
  }

  debug(): void {}

  info(message: string, fields?: Fields): void {
    this.#line('info', message, fields);
  }

  warn(message: string, fields?: Fields): void {
    this.#line('warn', message, fields);
  }

  error(message: string, fields?: Fields): void {
    this.#line('error', message, fields);
  }

  #line(level: string, message: string, fields: Fields = {}): void {
    const { write, redactor, now } = this.#options;
    const at = new Date(now()).toISOString();
    write(redactor.redact(JSON.stringify({ at, level, message, ...fields })));
  }
}
