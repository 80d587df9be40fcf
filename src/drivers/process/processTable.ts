/** A living process (a zombie is none). */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** When it started, in the table's own words: with `pid` it names one process, whoever gets the number later. */
  readonly start: string;
  /** The value of MUSTER_RUN_ID that it was started with. */
  readonly run?: string;
}

/** What the operating system knows about processes. One implementation per platform. */
export interface ProcessTable {
  /** Differs after every start of the machine; empty where `start` is a point in time that does not repeat. */
  bootId(): Promise<string>;
  /** One living process, without its `run`. */
  find(pid: number): Promise<ProcessEntry | undefined>;
  /** All living processes that this user may look at. */
  list(): Promise<readonly ProcessEntry[]>;
  /** Whether two values of `start` name the same moment. */
  sameStart(a: string, b: string): boolean;
}

/**
 * Shares one reading of the table among all who ask while an earlier one is going on. Each answer was read entirely after
 * the question, which is what "nothing of this run is alive" has to rest on.
 */
export class SharedList {
  readonly #read: () => Promise<readonly ProcessEntry[]>;
  #current: Promise<unknown> | undefined;
  #next: Promise<readonly ProcessEntry[]> | undefined;

  constructor(read: () => Promise<readonly ProcessEntry[]>) {
    this.#read = read;
  }

  list(): Promise<readonly ProcessEntry[]> {
    this.#next ??= this.#readNext();
    return this.#next;
  }

  async #readNext(): Promise<readonly ProcessEntry[]> {
    // Whoever asked for that one hears of it; this one is read anew.
    await this.#current?.catch(() => undefined);
    const reading = this.#read();
    this.#current = reading;
    this.#next = undefined;
    return reading;
  }
}
