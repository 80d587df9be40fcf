import { deferred, type Deferred } from '../../base/async.js';
import { errorMessage } from '../../base/errors.js';
import type { ScriptRequest } from '../../core/scripts/scriptEngine.js';

type Call = ScriptRequest['call'];

/** Answers what a worker asks for: one call after the other, or several side by side (`begin`, `next`). */
export class CallDesk {
  readonly #call: Call;
  #begun = 0;
  #atWork = 0;
  readonly #ended: (readonly [number, string])[] = [];
  #oneEnded: Deferred<void> = deferred();

  constructor(call: Call) {
    this.#call = call;
  }

  /** JSON: `{value}` or `{error}`. Never rejects. */
  async answer(name: string, args: string): Promise<string> {
    try {
      const given: unknown = JSON.parse(args);
      const list: readonly unknown[] = Array.isArray(given) ? given : [];
      if (name === 'begin') return print(this.#begin(list));
      if (name === 'next') return print(await this.#next());
      return print(await this.#call(name, list));
    } catch (error) {
      return JSON.stringify({ error: errorMessage(error) });
    }
  }

  #begin([name, args]: readonly unknown[]): number {
    const number = ++this.#begun;
    this.#atWork++;
    void this.answer(typeof name === 'string' ? name : '', JSON.stringify(args ?? [])).then(answer => {
      this.#atWork--;
      this.#ended.push([number, answer]);
      this.#oneEnded.resolve();
    });
    return number;
  }

  /** Missing when nothing is at work that could end. */
  async #next(): Promise<readonly [number, string] | undefined> {
    if (this.#ended.length === 0 && this.#atWork > 0) {
      this.#oneEnded = deferred();
      await this.#oneEnded.promise;
    }
    return this.#ended.shift();
  }
}

function print(value: unknown): string {
  return JSON.stringify({ value: value ?? null });
}
