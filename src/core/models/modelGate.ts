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
  capsOf,
  machineCaps,
  reachedCap,
  reachedText,
  type BudgetScope,
  type Cap,
  type MachineBudget,
} from './budget.js';
import { metered } from './meteredRun.js';
import type { ModelAccess } from './modelAccess.js';
import type { ModelCall, ModelCallEnd, Spent } from './modelCall.js';
import type { ModelProtocol } from './modelProtocol.js';
import type { ModelStores, SpendFilter } from './modelStore.js';
import { costOf, fitsPattern, priceOf, type PriceRow } from './price.js';
import { noTokens, type TokenCounts } from './tokenCounts.js';
import { usualUpstream, type Upstream } from './upstream.js';

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

/** `token`: it opens nothing · `model`, `upstream`: not for this run · `budget`: a cap is reached, or cannot be watched. */
export interface Refused {
  readonly kind: 'refused';
  readonly reason: 'token' | 'model' | 'upstream' | 'budget';
  readonly message: string;
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
    const upstream = this.#upstream(access, protocol);
    if (!upstream) return refused('upstream', `There is no upstream ${access.upstream ?? `for ${protocol}`}.`);
    const spoken = upstream.protocols.includes(protocol) ? protocol : upstream.protocols[0];
    // A CLI in front of another provider's model asks for helpers by names that this one does not have.
    const model = (spoken === protocol ? undefined : ownModel(run)) ?? asked;
    if (!mayCall(models, model)) {
      const text = `This run may not call the model ${model}. Its agent's llm.models are ${models.join(', ')}.`;
      return refused('model', text);
    }
    const admitted = { kind: 'admitted', run: run.id, upstream, protocol: spoken, models } as const;
    if (!billed || model === undefined) return { ...admitted, model };
    const thread = stores.threads.get(run.threadId);
    const project = thread && stores.projects.get(thread.projectId);
    const agent = project?.spec.agents.find(({ name }) => name === run.agent);
    if (!project || !agent) return refused('token', 'The agent of this run is no longer in its compose file.');
    const call: ModelCall = {
      run: run.id,
      thread: run.threadId,
      project: project.id,
      agent: run.agent,
      upstream: upstream.name,
      protocol,
      model,
      startedAt: this.#clock.now(),
    };
    const caps = capsOf(agent, project.spec.limits, this.#rules().budget);
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

  #upstream(access: ModelAccess, protocol: ModelProtocol): Upstream | undefined {
    const { upstreams } = this.#rules();
    if (access.upstream === undefined) return usualUpstream(upstreams, protocol);
    return upstreams.find(({ name }) => name === access.upstream);
  }

  #overBudget(stores: ModelStores, call: ModelCall, caps: readonly Cap[]): string | undefined {
    // A cap in dollars that cannot be watched would be one that does nothing.
    const unwatched = caps.find(({ unit }) => unit === 'usd');
    if (unwatched && !priceOf(this.#rules().prices, call.model)) {
      return `There is a budget in dollars (${unwatched.place}), and the model ${call.model} has no price. Give it one in models.json, or write the budget in tokens.`;
    }
    const today = this.#startOfDay(call.startedAt);
    const filters: Readonly<Record<BudgetScope, SpendFilter>> = {
      run: { run: call.run },
      thread: { thread: call.thread },
      agent_day: { project: call.project, agent: call.agent, since: today },
      project_day: { project: call.project, since: today },
      day: { since: today },
    };
    const reached = reachedCap(caps, (scope): Spent => stores.modelCalls.spent(filters[scope]));
    return reached && reachedText(reached);
  }
}

/** True for a model that the run's agent may call: any when it names none, and what names no model. */
function mayCall(models: readonly string[], model: string | undefined): boolean {
  return model === undefined || models.length === 0 || models.some(pattern => fitsPattern(pattern, model));
}

/** The model of the run's agent, as the upstream knows it: OpenCode puts a provider's name before it. */
function ownModel({ provider, model }: Run): string | undefined {
  return provider === 'opencode' ? model?.slice(model.indexOf('/') + 1) : model;
}

function refused(reason: Refused['reason'], message: string): Refused {
  return { kind: 'refused', reason, message };
}
