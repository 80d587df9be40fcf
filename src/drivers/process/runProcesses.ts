import { AppError } from '../../base/errors.js';
import type { Clock } from '../../base/clock.js';
import type { RunId } from '../../base/ids.js';
import { systemCode } from '../../node/systemError.js';
import type { WrapperIdentity } from './runRecords.js';
import type { ProcessEntry, ProcessTable } from './processTable.js';

/** How long to go on killing what does not die before saying so. */
const unstoppableMs = 10_000;
const firstPauseMs = 4;
const longestPauseMs = 50;
/** After SIGTERM: when to look for what was just being started. Three times as long each time. */
const firstLookAgainMs = 50;
const killPauseMs = 200;

/** Finds and ends the processes of runs. A process is only ever signalled after it was recognised as the run's. */
export class RunProcesses {
  readonly #table: ProcessTable;
  readonly #clock: Clock;
  readonly #kill: (target: number, signal: 'SIGTERM' | 'SIGKILL') => void;
  /** Whether a negative target reaches a whole group. */
  readonly #groups: boolean;

  constructor(options: {
    readonly table: ProcessTable;
    readonly clock: Clock;
    readonly kill: (target: number, signal: 'SIGTERM' | 'SIGKILL') => void;
    readonly groups: boolean;
  }) {
    this.#table = options.table;
    this.#clock = options.clock;
    this.#kill = options.kill;
    this.#groups = options.groups;
  }

  /** True while anything of the run is alive. */
  async isAlive(run: RunId, wrapper: WrapperIdentity | undefined): Promise<boolean> {
    if (wrapper && wrapper.boot === (await this.#table.bootId())) {
      const leader = await this.#table.find(wrapper.pid);
      if (leader && this.#table.sameStart(leader.start, wrapper.start)) return true;
    }
    return (await this.#members(run, wrapper)).length > 0;
  }

  /** Ends everything of the run. `identify` is asked again each time: a wrapper may be about to write its `pid`. */
  async stop(
    run: RunId,
    options: { readonly graceMs: number; readonly identify: () => WrapperIdentity | undefined },
  ): Promise<void> {
    const { identify, graceMs } = options;
    const termUntil = this.#clock.awake() + graceMs;
    const killUntil = termUntil + unstoppableMs;
    const known = new Map<number, ProcessEntry>();
    const asked = new Set<string>();
    for (let lookAgainMs = firstLookAgainMs; ; lookAgainMs *= 3) {
      const wrapper = identify();
      for (const entry of await this.#members(run, wrapper)) known.set(entry.pid, entry);
      // What we recognised once stays the run's, also when its group has lost the leader that proved it.
      const members = await this.#stillAlive(known);
      if (members.length === 0) return;
      const now = this.#clock.awake();
      if (now < termUntil) {
        // Whoever comes later is what the agent does to clean up, and left in peace. Except when the wrapper was just starting
        // the agent: then nobody of its group has been asked.
        const isNew = (entry: ProcessEntry): boolean => !asked.has(nameOf(entry));
        const group = wrapper?.group;
        const agentIsNew = members.some(entry => isNew(entry) && entry.parent === wrapper?.pid);
        const askGroup = group !== undefined && (!asked.has(`group ${group}`) || agentIsNew);
        const targets = asked.size === 0 ? members : members.filter(entry => askGroup && entry.group === group);
        this.#signal(targets, { group: askGroup ? group : undefined, signal: 'SIGTERM' });
        for (const entry of members) asked.add(nameOf(entry));
        if (askGroup) asked.add(`group ${group}`);
        await this.#untilGone(known, Math.min(termUntil, now + lookAgainMs));
      } else if (now < killUntil) {
        this.#signal(members, { group: wrapper?.group, signal: 'SIGKILL' });
        await this.#untilGone(known, now + killPauseMs);
      } else {
        const pids = members.map(entry => entry.pid);
        throw new AppError('run.unstoppable', `Processes ${pids.join(', ')} of run ${run} cannot be ended.`, {
          run,
          pids,
        });
      }
    }
  }

  /**
   * The living processes of the run: those that carry its id, and those of the wrapper's group or session as long as that is
   * provably still ours. A group's number is not given away while the group has a member, so one member that we recognise
   * proves all; without one the number may belong to strangers by now.
   */
  async #members(run: RunId, wrapper: WrapperIdentity | undefined): Promise<readonly ProcessEntry[]> {
    const group = wrapper && wrapper.boot === (await this.#table.bootId()) ? wrapper.group : undefined;
    const members = findMembers({ run, group, wrapper, table: this.#table, list: await this.#table.list() });
    if (members.length > 0) return members;
    // A table is not read in one instant: a child with a lower number than the reader has reached, whose parent ends before
    // the reader gets there, is in none. The second reading finds it.
    return findMembers({ run, group, wrapper, table: this.#table, list: await this.#table.list() });
  }

  async #stillAlive(known: ReadonlyMap<number, ProcessEntry>): Promise<readonly ProcessEntry[]> {
    const alive: ProcessEntry[] = [];
    for (const entry of known.values()) {
      const now = await this.#table.find(entry.pid);
      if (now && this.#table.sameStart(now.start, entry.start)) alive.push(entry);
    }
    return alive;
  }

  async #untilGone(known: ReadonlyMap<number, ProcessEntry>, deadline: number): Promise<void> {
    const never = new AbortController().signal;
    for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
      if ((await this.#stillAlive(known)).length === 0) return;
      const left = deadline - this.#clock.awake();
      if (left <= 0) return;
      await this.#clock.sleep(Math.min(pause, left), never);
    }
  }

  /** Signals these, and with them the whole group when one of them is in it: a member that we recognise proves that it is ours. */
  #signal(
    members: readonly ProcessEntry[],
    options: { readonly group: number | undefined; readonly signal: 'SIGTERM' | 'SIGKILL' },
  ): void {
    const { group, signal } = options;
    const wholeGroup = this.#groups && members.some(entry => entry.group === group) ? group : undefined;
    if (wholeGroup !== undefined) this.#send(-wholeGroup, signal);
    for (const entry of members) if (entry.group !== wholeGroup) this.#send(entry.pid, signal);
  }

  #send(target: number, signal: 'SIGTERM' | 'SIGKILL'): void {
    try {
      this.#kill(target, signal);
    } catch (error) {
      // Gone meanwhile, or another user's (a set-uid program): the next look tells which.
      const code = systemCode(error);
      if (code !== 'ESRCH' && code !== 'EPERM') throw error;
    }
  }
}

function nameOf(entry: ProcessEntry): string {
  return `${entry.pid} ${entry.start}`;
}

function findMembers(options: {
  readonly run: RunId;
  readonly group: number | undefined;
  readonly wrapper: WrapperIdentity | undefined;
  readonly table: ProcessTable;
  readonly list: readonly ProcessEntry[];
}): readonly ProcessEntry[] {
  const { run, group, wrapper, table } = options;
  // A host that an agent's command brought to life inherits the id; it does not end itself.
  const list = options.list.filter(entry => entry.pid !== process.pid);
  const inGroup = (entry: ProcessEntry): boolean => entry.group === group || entry.session === group;
  const isLeader = (entry: ProcessEntry): boolean =>
    group !== undefined && entry.pid === wrapper?.pid && table.sameStart(entry.start, wrapper.start);
  const groupIsOurs = list.some(entry => isLeader(entry) || (entry.run === run && inGroup(entry)));
  // Whoever carries another run's id was started for that run, even from inside this one.
  return list.filter(entry => entry.run === run || (groupIsOurs && inGroup(entry) && entry.run === undefined));
}
