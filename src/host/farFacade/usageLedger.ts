import { randomBytes } from 'node:crypto';
import type { FarCall } from '../../core/models/farFacade.js';
import type { CollectClaims } from '../facade/signedToken.js';
import type { ReportedCall, UsageReport } from '../facade/usageReport.js';

/** Of one host: about 8 MB. A host that asks every few seconds never leaves as many. */
const maxKept = 20_000;
const maxReported = 1_000;

interface Account {
  next: number;
  lost: number;
  calls: ReportedCall[];
}

/** What calls came to, until the host whose runs they are of has it. In memory only: what nobody has asked for ends with the process. */
export class UsageLedger {
  /** Which process these numbers are of. */
  readonly process = randomBytes(16).toString('hex');
  /** By host. */
  readonly #accounts = new Map<string, Account>();
  #onTaken: () => void = () => undefined;

  add(host: string, call: FarCall): void {
    const account = this.#accounts.get(host) ?? { next: 1, lost: 0, calls: [] };
    this.#accounts.set(host, account);
    account.calls.push({ ...call, number: account.next++ });
    if (account.calls.length <= maxKept) return;
    account.calls.shift();
    account.lost++;
  }

  /** Forgets what the host has, and tells it what comes next. */
  report({ host, taken }: Pick<CollectClaims, 'host' | 'taken'>): UsageReport {
    const account = this.#accounts.get(host);
    const last = new Map(Object.entries(taken)).get(this.process) ?? 0;
    if (account) account.calls = account.calls.filter(({ number }) => number > last);
    if (this.#isEmpty) this.#onTaken();
    const { calls = [], lost = 0 } = account ?? {};
    const told = calls.slice(0, maxReported);
    return { process: this.process, calls: told, more: calls.length > told.length, lost };
  }

  /** Resolves when every host has what it is to have. */
  async allTaken(): Promise<void> {
    if (this.#isEmpty) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onTaken = resolve;
    await promise;
  }

  get #isEmpty(): boolean {
    return [...this.#accounts.values()].every(({ calls }) => calls.length === 0);
  }
}
