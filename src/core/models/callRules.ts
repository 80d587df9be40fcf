import { reachedCap, reachedText, type Cap } from './budget.js';
import type { ModelProtocol } from './modelProtocol.js';
import { fitsPattern, priceOf, type PriceRow } from './price.js';
import { usualUpstream, type Upstream } from './upstream.js';

/** `token`: it opens nothing · `model`, `upstream`: not for this run · `budget`: a cap is reached, or cannot be watched · `busy`: ask again. */
export interface Refused {
  readonly kind: 'refused';
  readonly reason: 'token' | 'model' | 'upstream' | 'budget' | 'busy';
  readonly message: string;
}

/** What a run may call. */
export interface CallRights {
  /** Name of the upstream; missing: the usual one of each protocol. */
  readonly upstream?: string | undefined;
  /** Patterns of the models that may be called; none: every model. */
  readonly models: readonly string[];
  /** What is asked for of an upstream that does not speak the caller's protocol, instead of the names that the caller knows. */
  readonly ownModel?: string | undefined;
}

/** Where a call goes. */
export interface CallWay {
  readonly kind: 'way';
  readonly upstream: Upstream;
  /** What the upstream is spoken to in. */
  readonly protocol: ModelProtocol;
  /** Missing for calls that name none. */
  readonly model: string | undefined;
}

/** Which upstream a call goes to, in which protocol and for which model, or why it may not. */
export function callWay(
  { upstream: wanted, models, ownModel }: CallRights,
  { protocol, model: asked }: { readonly protocol: ModelProtocol; readonly model?: string | undefined },
  upstreams: readonly Upstream[],
): CallWay | Refused {
  const upstream =
    wanted === undefined ? usualUpstream(upstreams, protocol) : upstreams.find(({ name }) => name === wanted);
  if (!upstream) return refused('upstream', `There is no upstream ${wanted ?? `for ${protocol}`}.`);
  const spoken = upstream.protocols.includes(protocol) ? protocol : upstream.protocols[0];
  // A CLI in front of another provider's model asks for helpers by names that this one does not have.
  const model = (spoken === protocol ? undefined : ownModel) ?? asked;
  if (!mayCall(models, model)) {
    const text = `This run may not call the model ${model}. Its agent's llm.models are ${models.join(', ')}.`;
    return refused('model', text);
  }
  return { kind: 'way', upstream, protocol: spoken, model };
}

/** Why a call may not begin; `undefined` when it may. */
export function overBudget<C extends Cap>(
  {
    caps,
    prices,
    model,
  }: { readonly caps: readonly C[]; readonly prices: readonly PriceRow[]; readonly model: string },
  spentUnder: (cap: C) => number,
): string | undefined {
  // A cap in dollars that cannot be watched would be one that does nothing.
  const unwatched = caps.find(({ unit }) => unit === 'usd');
  if (unwatched && !priceOf(prices, model)) {
    return `There is a budget in dollars (${unwatched.place}), and the model ${model} has no price. Give it one in models.json, or write the budget in tokens.`;
  }
  const reached = reachedCap(caps, spentUnder);
  return reached && reachedText(reached);
}

export function refused(reason: Refused['reason'], message: string): Refused {
  return { kind: 'refused', reason, message };
}

/** True for a model that the run's agent may call: any when it names none, and what names no model. */
function mayCall(models: readonly string[], model: string | undefined): boolean {
  return model === undefined || models.length === 0 || models.some(pattern => fitsPattern(pattern, model));
}
