import type { AgentSpec, LimitsSpec } from '../../compose/projectSpec.js';
import type { Spent } from './modelCall.js';
import { totalTokens } from './tokenCounts.js';

/** Whose calls a budget adds up: of a `run`, of a `thread`, and since midnight of the agent, of the project, of the machine. */
export type BudgetScope = 'run' | 'thread' | 'agent_day' | 'project_day' | 'day';

/** A cap, and where it is written. */
export interface Cap {
  readonly scope: BudgetScope;
  readonly unit: 'usd' | 'tokens';
  readonly limit: number;
  /** Field of the compose file, or the setting of this machine. */
  readonly place: string;
}

/** The caps of this machine, for all projects together. */
export interface MachineBudget {
  readonly usdPerDay?: number | undefined;
  readonly tokensPerDay?: number | undefined;
}

/** Every cap that a call of the agent must stay under, the narrowest scope first. */
export function capsOf(agent: AgentSpec, limits: LimitsSpec, machine: MachineBudget): readonly Cap[] {
  const { budget } = agent;
  const own = `agents.${agent.name}.budget`;
  const rows: readonly CapRow[] = [
    ['run', 'usd', budget?.usdPerRun, `${own}.usd_per_run`],
    ['run', 'tokens', budget?.tokensPerRun, `${own}.tokens_per_run`],
    ['thread', 'usd', budget?.usd, `${own}.usd`],
    ['thread', 'tokens', budget?.tokens, `${own}.tokens`],
    ['agent_day', 'usd', budget?.usdPerDay, `${own}.usd_per_day`],
    ['agent_day', 'tokens', budget?.tokensPerDay, `${own}.tokens_per_day`],
    ['project_day', 'usd', limits.usdPerDay, 'limits.usd_per_day'],
    ['project_day', 'tokens', limits.tokensPerDay, 'limits.tokens_per_day'],
  ];
  return [...capsIn(rows), ...machineCaps(machine)];
}

/** The caps that hold for every call of this machine. */
export function machineCaps({ usdPerDay, tokensPerDay }: MachineBudget): readonly Cap[] {
  return capsIn([
    ['day', 'usd', usdPerDay, 'budget.usd_per_day of models.json'],
    ['day', 'tokens', tokensPerDay, 'budget.tokens_per_day of models.json'],
  ]);
}

type CapRow = readonly [BudgetScope, Cap['unit'], number | undefined, string];

function capsIn(rows: readonly CapRow[]): readonly Cap[] {
  return rows.flatMap(([scope, unit, limit, place]) => (limit === undefined ? [] : [{ scope, unit, limit, place }]));
}

/** The first cap that is reached; a call at the cap does not start. */
export function reachedCap<C extends Cap>(caps: readonly C[], spentUnder: (cap: C) => number): C | undefined {
  return caps.find(cap => spentUnder(cap) >= cap.limit);
}

/** In the unit of a cap. */
export function amountOf({ unit }: Pick<Cap, 'unit'>, { costUsd, tokens }: Pick<Spent, 'costUsd' | 'tokens'>): number {
  return unit === 'usd' ? costUsd : totalTokens(tokens);
}

/** What a person and the agent are told. */
export function reachedText(cap: Cap): string {
  const amount = cap.unit === 'usd' ? `$${cap.limit}` : `${cap.limit} tokens`;
  return `The budget of ${scopeWords[cap.scope]} is used up: ${amount} (${cap.place}). Raise it, apply the file and follow up.`;
}

const scopeWords: Readonly<Record<BudgetScope, string>> = {
  run: 'this run',
  thread: 'this thread',
  agent_day: 'this agent for today',
  project_day: 'this project for today',
  day: 'this machine for today',
};
