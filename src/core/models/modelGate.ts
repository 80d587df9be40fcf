import type { Clock } from '../../base/clock.js';
import { AppError } from '../../base/errors.js';
import type { RunId } from '../../base/ids.js';
import type { EventStores } from '../events/eventLog.js';
import { isRunActive, type Run } from '../runs/run.js';
import type { RunStores } from '../runs/runStore.js';
import type { ProjectStores } from '../projects/projectStore.js';
import type { Store } from '../store.js';
import type { ThreadStores } from '../threads/threadStore.js';
import {
  amountOf,
  capsOf,
  machineCaps,
  reachedCap,
  reachedText,
  type BudgetScope,
  type Cap,
  type MachineBudget,
} from './budget.js';
import { callWay, overBudget, refused, type Refused } from './callRules.js';
import type { FarCall, SpentCap } from './farFacade.js';
import { metered } from './meteredRun.js';
import type { ModelAccess } from './modelAccess.js';
import type { ModelCall, ModelCallEnd, Spent } from './modelCall.js';
import type { ModelProtocol } from './modelProtocol.js';
import type { ModelStores, SpendFilter } from './modelStore.js';
import { costOf, priceOf, type PriceRow } from './price.js';
import { noTokens, type TokenCounts } from './tokenCounts.js';
import type { Upstream } from './upstream.js';

type GateStores = ModelStores & RunStores & ThreadStores & ProjectStores & EventStores;

/** What the person of this machine has set for all runs. */
export interface ModelRules {
  readonly upstreams: readonly Upstream[];
  /** Looked through in order. */
  readonly prices: readonly PriceRow[];
  readonly budget: MachineBudget;
}

/** A call that a run asks for. */
export interface ModelRequest {
  /** SHA-256 of the token that came with it, in hexadecimal. */
  readonly tokenHash: string;
  readonly protocol: ModelProtocol;
  /** Missing for calls that name none, such as the list of models. */
  readonly model?: string | undefined;
  readonly requestBytes: number;
  /** It uses tokens; counting them, and the list of models, do not. */
  readonly billed: boolean;
}

export type Admission = Admitted | Refused;

export interface Admitted {
  readonly kind: 'admitted';
  readonly run: RunId;
  readonly upstream: Upstream;
  /** What the upstream is spoken to in. */
  readonly protocol: ModelProtocol;
  /** What it is asked for; missing for calls that name no model. */
  readonly model: string | undefined;
  readonly models: readonly string[];
  /** To end it with; missing when it is not billed. */
  readonly call?: number;
}

/** A call that was let through. */
export interface BegunCall {
  readonly id: number;
  /** Missing: a person made it. */
  readonly run?: RunId | undefined;
  readonly model: string;
}

/** Roughly how many bytes of a request are a token. */
const bytesPerToken = 4;

/**
 * Who may call which model, and what it costs. A call is written down before it starts and when it ends; budgets are looked at in
 * the transaction that writes it down, so that no call starts at or above a cap and only those at work can go over it.
 */
export class ModelGate {
  readonly #store: Store<GateStores>;
  readonly #clock: Clock;
  readonly #rules: () => ModelRules;
  readonly #startOfDay: (now: number) => number;

  constructor(options: {
    readonly store: Store<GateStores>;
    readonly clock: Clock;
    /** As they are now. */
    readonly rules: () => ModelRules;
    /** Where the day of a moment began, in the person's time zone. */
    readonly startOfDay: (now: number) => number;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#rules = options.rules;
    this.#startOfDay = options.startOfDay;
  }

  /** True for a token that opens something now. */
  knows(tokenHash: string): boolean {
    return this.#store.read(stores => stores.modelAccess.withToken(tokenHash) !== undefined);
  }

  /** Lets a call through and writes down that it began, or says why not. */
  enter(request: ModelRequest): Admission {
    return this.#store.transact(stores => {
      const access = stores.modelAccess.withToken(request.tokenHash);
      const run = access && stores.runs.get(access.run);
      if (!access || !run || !isRunActive(run.status))
        return refused('token', 'The token opens nothing, or its run has ended.');
      return this.#enter(stores, request, { access, run });
    });
  }

  #enter(
    stores: GateStores,
    { protocol, model: asked, billed, requestBytes }: ModelRequest,
    { access, run }: { readonly access: ModelAccess; readonly run: Run },
  ): Admission {
    const { models } = access;
    const rights = { ...access, ownModel: ownModel(run) };
    const way = callWay(rights, { protocol, model: asked }, this.#rules().upstreams);
    if (way.kind === 'refused') return way;
    const { upstream, protocol: spoken, model } = way;
    const admitted = { kind: 'admitted', run: run.id, upstream, protocol: spoken, models } as const;
    if (!billed || model === undefined) return { ...admitted, model };
    const counted = this.#countedFor(stores, run);
    if (!counted) return refused('token', 'The agent of this run is no longer in its compose file.');
    const { caps, origin } = counted;
    const call: ModelCall = { ...origin, upstream: upstream.name, protocol, model, startedAt: this.#clock.now() };
    const over = this.#overBudget(stores, call, caps);
    if (over !== undefined) {
      stores.modelAccess.save({ ...access, overBudget: over });
      return refused('budget', over);
    }
    return { ...admitted, model, call: stores.modelCalls.begin(call, requestBytes) };
  }

  /** Lets a call of a person through, which no run and no project counts. Errors: `model.refused`. */
  enterAsPerson(call: Pick<ModelCall, 'upstream' | 'protocol' | 'model'> & { readonly requestBytes: number }): number {
    return this.#store.transact(stores => {
      const { upstream, protocol, model, requestBytes } = call;
      const begun: ModelCall = { upstream, protocol, model, startedAt: this.#clock.now() };
      const over = this.#overBudget(stores, begun, machineCaps(this.#rules().budget));
      if (over !== undefined) throw new AppError('model.refused', over, { reason: 'budget' });
      return stores.modelCalls.begin(begun, requestBytes);
    });
  }

  /** Writes down what a call came to, and what its run has used by now. */
  end(call: BegunCall, end: Omit<ModelCallEnd, 'costUsd'>): void {
    this.#store.transact(stores => this.#end(stores, call, end));
  }

  /** The caps of a run, each with what has been spent under it by now. */
  capsOf(id: RunId): readonly SpentCap[] {
    return this.#store.read(stores => this.#capsOf(stores, id, new Map()));
  }

  /** Which of the runs are to call no more, and why: a cap of theirs is reached. */
  reachedBy(ids: readonly RunId[]): ReadonlyMap<RunId, string> {
    return this.#store.read(stores => {
      // What all of a project, or of this machine, have spent is added up once for all of them.
      const known = new Map<string, Spent>();
      const reached = ids.map(id => [id, reachedCap(this.#capsOf(stores, id, known), ({ spent }) => spent)] as const);
      return new Map(reached.flatMap(([id, cap]) => (cap ? [[id, reachedText(cap)]] : [])));
    });
  }

  #capsOf(stores: GateStores, id: RunId, known: Map<string, Spent>): readonly SpentCap[] {
    const run = stores.runs.get(id);
    const counted = run && this.#countedFor(stores, run);
    if (!counted) return [];
    const spentIn = this.#spentIn(stores, counted.origin, this.#clock.now(), known);
    return counted.caps.map(cap => ({ ...cap, spent: spentIn(cap) }));
  }

  /** Writes down a call that a facade elsewhere let through, in the caller's transaction. */
  recordFar(stores: GateStores, { run: id, refused: over, ...told }: FarCall): void {
    const run = stores.runs.get(id);
    const access = run && stores.modelAccess.of(id);
    const counted = run && this.#countedFor(stores, run);
    if (!access || !counted) return;
    if (over !== undefined) return stores.modelAccess.save({ ...access, overBudget: over });
    if (!told.call) return;
    const { requestBytes, end, ...about } = told.call;
    const now = this.#clock.now();
    // Its clock may be another one; a call is of the time in which its run was.
    const startedAt = Math.min(now, Math.max(run.queuedAt, about.startedAt));
    const number = stores.modelCalls.begin({ ...counted.origin, ...about, startedAt }, requestBytes);
    this.#end(stores, { id: number, run: id, model: about.model }, end);
  }

  /** Ends the calls that an earlier host left open: what they sent counts, what they got is not known. Returns how many. */
  closeOpen(): number {
    return this.#store.transact(stores => {
      const open = stores.modelCalls.open();
      for (const { id, call, requestBytes } of open) {
        const tokens = { ...noTokens, input: Math.ceil(requestBytes / bytesPerToken) };
        this.#end(stores, { id, run: call.run, model: call.model }, { status: 0, totalMs: 0, tokens, estimated: true });
      }
      return open.length;
    });
  }

  #end(stores: GateStores, { id, run, model }: BegunCall, end: Omit<ModelCallEnd, 'costUsd'>): void {
    stores.modelCalls.end(id, { ...end, costUsd: this.#cost(model, end.tokens) });
    const current = run && stores.runs.get(run);
    if (!current) return;
    stores.runs.update(metered(stores, current));
    const { threadId, status } = current;
    stores.events.append({ kind: 'run_changed', threadId, runId: current.id, status }, this.#clock.now());
  }

  #cost(model: string, tokens: TokenCounts): number | undefined {
    const price = priceOf(this.#rules().prices, model);
    return price && costOf(tokens, price);
  }

  /** Whom a call of the run is counted for, and under which caps; `undefined` when its agent is in no file any more. */
  #countedFor(stores: GateStores, run: Run) {
    const thread = stores.threads.get(run.threadId);
    const project = thread && stores.projects.get(thread.projectId);
    const agent = project?.spec.agents.find(({ name }) => name === run.agent);
    if (!project || !agent) return undefined;
    const origin = { run: run.id, thread: run.threadId, project: project.id, agent: run.agent };
    return { origin, caps: capsOf(agent, project.spec.limits, this.#rules().budget) };
  }

  #overBudget(stores: GateStores, call: ModelCall, caps: readonly Cap[]): string | undefined {
    const { prices } = this.#rules();
    return overBudget({ caps, prices, model: call.model }, this.#spentIn(stores, call, call.startedAt));
  }

  #spentIn(
    stores: GateStores,
    origin: Pick<ModelCall, 'run' | 'thread' | 'project' | 'agent'>,
    now: number,
    known = new Map<string, Spent>(),
  ): (cap: Cap) => number {
    const { run, thread, project, agent } = origin;
    const since = this.#startOfDay(now);
    const filters: Readonly<Record<BudgetScope, SpendFilter>> = {
      run: { run },
      thread: { thread },
      agent_day: { project, agent, since },
      project_day: { project, since },
      day: { since },
    };
    return cap => {
      const key = JSON.stringify(filters[cap.scope]);
      const spent = known.get(key) ?? stores.modelCalls.spent(filters[cap.scope]);
      known.set(key, spent);
      return amountOf(cap, spent);
    };
  }
}

/** The model of the run's agent, as the upstream knows it: OpenCode puts a provider's name before it. */
export function ownModel({ provider, model }: Run): string | undefined {
  return provider === 'opencode' ? model?.slice(model.indexOf('/') + 1) : model;
}
