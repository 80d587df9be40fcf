import type { Disposable } from '../../base/lifecycle.js';
import type { Project } from '../../protocol/gen/muster/v1/projects_pb.js';
import { toPlaceRoom } from '../../protocol/roomWords.js';
import type { PlaceRoom } from '../../protocol/webview/placeRoom.js';
import type { BoardServices, TabServices } from './boardServices.js';

/** The host looks no more often, however many watch. */
const everyMs = 10_000;
/** Of agents whose place can say what room it has. */
const drivers: readonly string[] = ['kubernetes', 'docker'];

/** Asks a host. */
export function hostRooms(client: TabServices['client']): BoardServices['rooms'] {
  return async (projectIds, signal) => {
    const { sandboxes } = await client(signal);
    const { places } = await sandboxes.listCapacity({ projectIds: [...projectIds] }, { signal });
    return places.map(toPlaceRoom);
  };
}

/** Asks again and again what room there is where agents run, while the board is seen and a host answers. */
export class RoomFeed implements Disposable {
  readonly #ask: BoardServices['rooms'];
  readonly #projects: () => readonly Project[];
  readonly #onChange: () => void;
  #asking: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #rooms: readonly PlaceRoom[] = [];

  constructor(options: {
    readonly ask: BoardServices['rooms'];
    readonly projects: () => readonly Project[];
    readonly onChange: () => void;
  }) {
    this.#ask = options.ask;
    this.#projects = options.projects;
    this.#onChange = options.onChange;
  }

  /** As they were lately. */
  get rooms(): readonly PlaceRoom[] {
    return this.#rooms;
  }

  /** Somebody looks, and a host is there. */
  begin(): void {
    this.dispose();
    void this.#read();
  }

  /** Nobody looks any more; what is known by then is soon something else. */
  dispose(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#asking?.abort();
    this.#asking = undefined;
    this.#rooms = [];
  }

  async #read(): Promise<void> {
    const asking = new AbortController();
    this.#asking = asking;
    const rooms = await this.#present(asking.signal);
    if (asking.signal.aborted) return;
    this.#rooms = rooms;
    this.#onChange();
    this.#timer = setTimeout(() => void this.#read(), everyMs);
  }

  /** A host that cannot be asked says nothing of its places: what it said before may be wrong by now. */
  async #present(signal: AbortSignal): Promise<readonly PlaceRoom[]> {
    const ids = this.#projects()
      .filter(({ removed, agents }) => !removed && agents.some(({ driver }) => drivers.includes(driver)))
      .map(({ id }) => id);
    if (ids.length === 0) return [];
    return await this.#ask(ids, signal).catch(() => []);
  }
}
