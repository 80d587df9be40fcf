import type { KeyObject } from 'node:crypto';
import type { AgentSpec } from '../../compose/projectSpec.js';
import type { SpentCap } from '../../core/models/farFacade.js';
import { ownModel } from '../../core/models/modelGate.js';
import type { Run } from '../../core/runs/run.js';
import { hostKeyOf, publicKeyText, type RunClaims } from './signedToken.js';

/** A pod may wait for a place in the cluster before its run's time begins. */
const waitMs = 24 * 3_600_000;
/** As long as a run without `timeout` may take. */
const usualMs = 10 * 3_600_000;
/** No pod of a run is there for longer. */
const longestMs = 7 * 24 * 3_600_000;

/** What is signed for a run: nothing of it is a secret, and nobody but its host can have said it. */
export function runTokenClaims(
  { run, agent }: { readonly run: Run; readonly agent: AgentSpec },
  options: {
    readonly facade: string;
    readonly key: KeyObject;
    readonly llm: NonNullable<AgentSpec['llm']>;
    readonly caps: readonly SpentCap[];
    readonly now: number;
  },
): RunClaims {
  const { facade, key, llm, caps, now } = options;
  const model = ownModel(run);
  return {
    use: 'run',
    host: hostKeyOf(publicKeyText(key))?.id ?? '',
    facade,
    issued: now,
    expires: now + Math.min((agent.timeoutMs ?? usualMs) + waitMs, longestMs),
    run: run.id,
    agent: run.agent,
    models: [...llm.models],
    ...(llm.upstream === undefined ? {} : { upstream: llm.upstream }),
    ...(model === undefined ? {} : { ownModel: model }),
    caps: caps.map(({ scope, unit, limit, place, spent }) => ({ scope, unit, limit, place, spent })),
  };
}
