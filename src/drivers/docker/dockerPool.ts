import { AppError } from '../../base/errors.js';
import type { Clock } from '../../base/clock.js';
import { within } from '../../base/async.js';
import { isId, type SandboxId } from '../../base/ids.js';
import type { PlaceCapacity, Share } from '../../core/sandboxes/placeCapacity.js';
import type { PlacedSandbox } from '../../core/sandboxes/sandboxDriver.js';
import type { OnImageStep } from '../../core/images/image.js';
import { SharedLook } from '../guests/sharedLook.js';
import { askedOf, labels } from './containerOptions.js';
import type { DockerEngine } from './dockerEngine.js';

/** An engine that says nothing for so long is away: it is asked again when somebody still waits. */
const patienceMs = 10_000;
const againMs = 2_000;
/** Whoever only watches is told what was seen so long ago, and waits no longer than that for one that is away. */
const freshMs = 10_000;
const glanceMs = 3_000;
/** What was promised to a run of which nothing is heard any more is kept so long; an image may be fetched before it begins. */
const promisedMs = 10 * 60_000;
/** Of a run whose file asks for no memory; as in a cluster. */
const usualMemoryBytes = 256 * 1024 ** 2;

/** What a run is counted with. */
interface Ask {
  readonly cpus: number;
  readonly memoryBytes: number;
}

interface EngineLook {
  /** When it was begun. */
  readonly at: number;
  readonly engine: DockerEngine;
  readonly has: Ask;
  /** Of each run of Muster that is there, whoever's host started it. */
  readonly running: readonly { readonly sandbox: SandboxId | undefined; readonly ask: Ask }[];
}

interface Promised {
  readonly address: string;
  readonly ask: Ask;
  readonly until: number;
  /** Since when whoever looks sees its container, or there will be none. */
  readonly settledAt?: number;
}

/**
 * Places sandboxes on several engines. An engine says what it has, and the labels of containers what each of their runs asked for; what
 * else works on its machine nobody knows. A sandbox stays where it was placed: its home folder is there.
 */
export class DockerPool {
  readonly #clock: Clock;
  readonly #promised = new Map<SandboxId, Promised>();
  /** What those that no engine has room for yet were told. */
  readonly #waits = new Map<SandboxId, { readonly engines: readonly DockerEngine[]; readonly words: string }>();
  readonly #seen = new Map<string, SharedLook<readonly (EngineLook | undefined)[]>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The engine with the largest part free, of those with room. Waits while there is none, and tells why.
   * Errors: `sandbox.unavailable` where all answer and none is large enough; the signal's reason.
   */
  async place(
    engines: readonly DockerEngine[],
    { id, resources }: PlacedSandbox,
    signal: AbortSignal,
    onStep: OnImageStep | undefined,
  ): Promise<DockerEngine> {
    const ask = { cpus: resources?.cpus ?? 0, memoryBytes: resources?.memoryBytes ?? usualMemoryBytes };
    try {
      return await this.#place(engines, { id, ask }, signal, onStep);
    } finally {
      this.#waits.delete(id);
    }
  }

  /** What engines have together. One that does not answer is away. */
  async capacityOf(engines: readonly DockerEngine[]): Promise<PlaceCapacity> {
    const addresses = engines.map(({ address }) => address);
    const key = JSON.stringify(addresses);
    const look =
      this.#seen.get(key) ??
      new SharedLook(() => Promise.all(engines.map(engine => this.#look(engine, glanceMs))), {
        clock: this.#clock,
        freshMs,
      });
    this.#seen.set(key, look);
    const looks = await look.get();
    const there = looks.filter(each => each !== undefined);
    const total = (of: keyof Ask): Share => ({
      has: there.reduce((sum, { has }) => sum + has[of], 0),
      asked: there.reduce((sum, { running }) => sum + running.reduce((all, { ask }) => all + ask[of], 0), 0),
    });
    const away = addresses.filter((_, index) => looks[index] === undefined);
    return {
      name: addresses.join(', '),
      machines: { ready: there.length, all: engines.length },
      cpus: total('cpus'),
      memoryBytes: total('memoryBytes'),
      atWork: there.reduce((sum, { running }) => sum + running.length, 0),
      waiting: [...this.#waits.values()].filter(each => isSame(each.engines, engines)).map(({ words }) => words),
      ...(away.length > 0 && { unknown: `${away.join(', ')}: no answer` }),
    };
  }

  async #place(
    engines: readonly DockerEngine[],
    { id, ask }: { readonly id: SandboxId; readonly ask: Ask },
    signal: AbortSignal,
    onStep: OnImageStep | undefined,
  ): Promise<DockerEngine> {
    let told = '';
    for (;;) {
      signal.throwIfAborted();
      const looks = await Promise.all(engines.map(engine => this.#look(engine)));
      signal.throwIfAborted();
      const rated = looks.map((look, index) => this.#rate(look, engines[index]?.address ?? '', { id, ask }));
      // Of equals the first: sorting keeps their order.
      const [best] = rated.filter(({ fits }) => fits).toSorted((a, b) => a.filled - b.filled || a.runs - b.runs);
      if (best?.engine) {
        this.#promised.set(id, { address: best.engine.address, ask, until: this.#clock.awake() + promisedMs });
        return best.engine;
      }
      const words = rated.map(({ why }) => why).join('; ');
      if (rated.every(({ isTooSmall }) => isTooSmall))
        throw new AppError('sandbox.unavailable', `No engine is large enough for what the agent asks for: ${words}.`, {
          driver: 'docker',
          reason: words,
        });
      if (words !== told) onStep?.({ id: '', text: `Waiting for an engine (${words})` });
      this.#waits.set(id, { engines, words });
      told = words;
      await this.#clock.sleep(againMs, signal);
    }
  }

  /** A run of the sandbox has begun, or will not: what is there by now is to be seen. */
  settled(id: SandboxId): void {
    const promised = this.#promised.get(id);
    if (promised) this.#promised.set(id, { ...promised, settledAt: this.#clock.awake() });
  }

  async #look(engine: DockerEngine, ms = patienceMs): Promise<EngineLook | undefined> {
    const { docker } = engine;
    const at = this.#clock.awake();
    const filters = { label: [`${labels.role}=run`] };
    const asked = Promise.all([engine.facts(), docker.listContainers({ filters })]);
    if ((await within(asked, { ms, clock: this.#clock })) === 'late') return undefined;
    try {
      const [{ processors, memoryBytes }, containers] = await asked;
      const running = containers.map(({ Labels: own }) => {
        const { [labels.sandbox]: sandbox = '' } = own;
        return { sandbox: isId<'sandbox'>(sandbox) ? sandbox : undefined, ask: countedAs(own[labels.asks]) };
      });
      return { at, engine, has: { cpus: processors, memoryBytes }, running };
    } catch {
      // Told as one that does not answer, and asked again.
      return undefined;
    }
  }

  #rate(look: EngineLook | undefined, address: string, { id, ask }: { readonly id: SandboxId; readonly ask: Ask }) {
    const none = { engine: undefined, fits: false, isTooSmall: false, filled: 1, runs: 0 };
    if (!look) return { ...none, why: `${address} does not answer` };
    const { engine, has, running } = look;
    const seen = new Set(running.map(({ sandbox }) => sandbox));
    const promised = this.#promisedTo(look, address).filter(([other]) => other !== id && !seen.has(other));
    const asks = [...running, ...promised.map(([, each]) => each)].map(each => each.ask);
    const cpus = asks.reduce((sum, each) => sum + each.cpus, 0);
    const memoryBytes = asks.reduce((sum, each) => sum + each.memoryBytes, 0);
    const filled = Math.max((cpus + ask.cpus) / has.cpus, (memoryBytes + ask.memoryBytes) / has.memoryBytes);
    const isTooSmall = ask.cpus > has.cpus || ask.memoryBytes > has.memoryBytes;
    const taken = `${rounded(cpus)} of ${has.cpus} processors and ${gibibytes(memoryBytes)} of ${gibibytes(has.memoryBytes)} GB`;
    const why = isTooSmall
      ? `${address} has ${has.cpus} processors and ${gibibytes(has.memoryBytes)} GB`
      : `${taken} of ${address} are taken`;
    return { engine, fits: filled <= 1, isTooSmall, filled, runs: asks.length, why };
  }

  /** What was promised there before that look could see it. */
  #promisedTo({ at }: EngineLook, address: string): readonly (readonly [SandboxId, Promised])[] {
    const now = this.#clock.awake();
    for (const [id, { until, settledAt = Infinity }] of this.#promised)
      if (until < now || settledAt < at) this.#promised.delete(id);
    return [...this.#promised].filter(([, promised]) => promised.address === address);
  }
}

function isSame(a: readonly DockerEngine[], b: readonly DockerEngine[]): boolean {
  return a.length === b.length && a.every((engine, index) => engine === b[index]);
}

/** One of an earlier Muster, or of one engine alone, says nothing. */
function countedAs(label: string | undefined): Ask {
  const [cpus = 0, memoryBytes = usualMemoryBytes] = askedOf(label);
  return { cpus, memoryBytes };
}

function rounded(cpus: number): string {
  return String(Math.round(cpus * 10) / 10);
}

function gibibytes(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1);
}
