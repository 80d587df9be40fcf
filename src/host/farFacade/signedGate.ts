import type { Clock } from '../../base/clock.js';
import type { RunId } from '../../base/ids.js';
import { amountOf } from '../../core/models/budget.js';
import { callWay, overBudget, refused } from '../../core/models/callRules.js';
import type { ModelCall } from '../../core/models/modelCall.js';
import type { Admission, BegunCall, ModelRules } from '../../core/models/modelGate.js';
import { costOf, priceOf } from '../../core/models/price.js';
import { noTokens, type TokenCounts } from '../../core/models/tokenCounts.js';
import type { CallGate, TokenRequest } from '../facade/callGate.js';
import { verifiedRun, type CollectClaims, type HostKey, type RunClaims } from '../facade/signedToken.js';
import { maxRefusal } from '../facade/usageReport.js';
import type { UsageLedger } from './usageLedger.js';

/** Of one run at the same time: nobody fills a facade that many share. */
const maxCallsOfRun = 64;
const sweepMs = 60_000;
/** Reasons of one run that its host hears of. */
const maxTold = 8;

interface OpenCall {
  readonly host: string;
  readonly run: RunId;
  readonly begun: Pick<ModelCall, 'upstream' | 'protocol' | 'model' | 'startedAt'> & { readonly requestBytes: number };
}

/** A run that has called here, or that its host has told of. */
interface KnownRun {
  /** Milliseconds since the epoch; then its token opens nothing. */
  readonly expires: number;
  used: { readonly tokens: TokenCounts; readonly costUsd: number };
  atWork: number;
  /** Why it is to call no more. */
  stopped?: string;
  /** Why its host was told that a budget keeps it from calling. */
  readonly told: Set<string>;
}

export interface SignedGateOptions {
  readonly keys: readonly HostKey[];
  /** As tokens name it. */
  readonly facade: string;
  readonly rules: () => ModelRules;
  readonly ledger: UsageLedger;
  readonly clock: Clock;
}

/**
 * Lets calls through by what their run's host has signed, without asking it. Budgets are those of the token: what was spent when it was
 * signed and what the run used here since. What others use meanwhile its host adds up, and tells whom to stop.
 */
export class SignedGate implements CallGate {
  readonly #options: SignedGateOptions;
  /** By host and run: no host has a say about the runs of another. */
  readonly #runs = new Map<string, KnownRun>();
  readonly #open = new Map<number, OpenCall>();
  #next = 1;
  #sweptAt = 0;

  constructor(options: SignedGateOptions) {
    this.#options = options;
  }

  knows(token: string): boolean {
    return this.#claims(token) !== undefined;
  }

  enter(request: TokenRequest): Admission {
    const claims = this.#claims(request.token);
    if (!claims) return refused('token', 'The token opens nothing, or has expired.');
    const run = this.#run(claims.host, { run: claims.run, until: claims.expires });
    if (run.stopped !== undefined) return refused('budget', run.stopped);
    const { upstreams, prices } = this.#options.rules();
    const way = callWay(claims, request, upstreams);
    if (way.kind === 'refused') return way;
    const { upstream, protocol, model } = way;
    const admitted = { kind: 'admitted', run: claims.run, upstream, protocol, model, models: claims.models } as const;
    if (!request.billed || model === undefined) return admitted;
    if (run.atWork >= maxCallsOfRun) return refused('busy', `A run may have ${maxCallsOfRun} calls at work.`);
    const { caps } = claims;
    const over = overBudget({ caps, prices, model }, cap => cap.spent + amountOf(cap, run.used));
    if (over !== undefined) return this.#refuseOver(claims, run, over);
    run.atWork++;
    const id = this.#next++;
    const { protocol: asked, requestBytes } = request;
    const begun = { upstream: upstream.name, protocol: asked, model, startedAt: this.#options.clock.now() };
    this.#open.set(id, { host: claims.host, run: claims.run, begun: { ...begun, requestBytes } });
    return { ...admitted, call: id };
  }

  end({ id }: BegunCall, end: Parameters<CallGate['end']>[1]): void {
    const open = this.#open.get(id);
    if (!open) return;
    this.#open.delete(id);
    const { host, run: runId, begun } = open;
    this.#options.ledger.add(host, { run: runId, call: { ...begun, end } });
    const run = this.#runs.get(keyOf(host, runId));
    if (!run) return;
    run.atWork--;
    const price = priceOf(this.#options.rules().prices, begun.model);
    run.used = {
      tokens: sumOf(run.used.tokens, end.tokens),
      costUsd: run.used.costUsd + (price ? costOf(end.tokens, price) : 0),
    };
  }

  /** What a host says of runs of its own: they call no more. Returns those that have called here and are over. */
  stop({ stop, host }: Pick<CollectClaims, 'stop' | 'host'>): readonly RunId[] {
    const ended = stop.filter(({ run, over }) => over && this.#runs.has(keyOf(host, run)));
    for (const each of stop) this.#run(host, each).stopped = each.why;
    return ended.map(({ run }) => run);
  }

  #refuseOver({ host, run: id }: RunClaims, run: KnownRun, over: string): Admission {
    const why = over.slice(0, maxRefusal);
    // An agent chooses the names of models in it.
    if (!run.told.has(why) && run.told.size < maxTold) this.#options.ledger.add(host, { run: id, refused: why });
    if (run.told.size < maxTold) run.told.add(why);
    return refused('budget', over);
  }

  #claims(token: string): RunClaims | undefined {
    const { keys, facade, clock } = this.#options;
    return verifiedRun(token, { keys, facade, now: clock.now() });
  }

  #run(host: string, { run, until }: { readonly run: RunId; readonly until: number }): KnownRun {
    this.#sweep();
    const key = keyOf(host, run);
    const unused = { tokens: noTokens, costUsd: 0 };
    const known = this.#runs.get(key) ?? { expires: until, used: unused, atWork: 0, told: new Set() };
    this.#runs.set(key, known);
    return known;
  }

  /** A token that has expired says nothing any more, so that nothing of its run has to be known. */
  #sweep(): void {
    const now = this.#options.clock.now();
    if (now - this.#sweptAt < sweepMs) return;
    this.#sweptAt = now;
    for (const [key, { expires, atWork }] of this.#runs) if (expires < now && atWork === 0) this.#runs.delete(key);
  }
}

function keyOf(host: string, run: RunId): string {
  return `${host} ${run}`;
}

function sumOf(a: TokenCounts, b: TokenCounts): TokenCounts {
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite: a.cacheWrite + b.cacheWrite,
    reasoning: a.reasoning + b.reasoning,
  };
}
