import type { ServiceImpl } from '@connectrpc/connect';
import type { HostService } from '../../protocol/gen/muster/v1/host_pb.js';
import { productVersion } from '../../protocol/productVersion.js';
import { protocolVersion } from '../../protocol/version.js';
import { presentRunLimit, type RunLimit } from '../../core/runs/runLimit.js';
import type { Store } from '../../core/store.js';
import type { Stores } from '../../core/stores.js';
import { garbageKey } from '../../core/retention/garbage.js';
import type { RetentionService } from '../../core/retention/retentionService.js';
import type { RecoverThreads } from '../../core/threads/recoverThreads.js';
import type { AgentProblems } from '../environment/agentProblems.js';
import type { LoginShell } from '../environment/loginShell.js';
import { acknowledgeSetAside, listSetAside } from '../state/setAside.js';

export interface HostFacts {
  readonly stateDir: string;
  readonly socket: string;
  readonly database: string;
  readonly mode: 'process' | 'embedded';
  /** It does not end by itself. */
  readonly stays: boolean;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

export interface HostApiOptions {
  readonly store: Store<Stores>;
  readonly facts: HostFacts;
  readonly recovery: RecoverThreads;
  readonly limit: RunLimit;
  readonly shell: LoginShell;
  readonly problems: AgentProblems;
  readonly retention: RetentionService;
  readonly clients: () => number;
  /** Where other machines reach the host; empty: nowhere. */
  readonly url: () => string;
  readonly now: () => number;
  /** Begins to end the host; the answer goes out first. */
  readonly shutdown: (reason: string) => void;
}

export function hostApi(options: HostApiOptions): ServiceImpl<typeof HostService> {
  const { store, facts, recovery, limit, shell, problems, retention, clients, url, now, shutdown } = options;
  return {
    async getStatus() {
      const { active, queued, runLimit } = store.read(stores => ({
        active: stores.runs.load().reduce((sum, agent) => sum + agent.active, 0),
        queued: stores.runs.load().reduce((sum, agent) => sum + agent.queued, 0),
        runLimit: presentRunLimit(limit, stores),
      }));
      return {
        pid: process.pid,
        version: productVersion,
        protocol: protocolVersion,
        stateDir: facts.stateDir,
        socket: facts.socket,
        startedAt: BigInt(facts.startedAt),
        uptimeS: (now() - facts.startedAt) / 1000,
        activeRuns: active,
        queuedRuns: queued,
        runLimit,
        runLimitReached: queued > 0 && active >= runLimit,
        clients: clients(),
        epoch: store.epoch,
        mode: facts.mode,
        nodeVersion: process.version,
        damaged: [...listSetAside(facts.database)],
        url: url(),
        stays: facts.stays,
      };
    },

    async recover() {
      const { recovered, left } = await recovery.recover();
      return {
        threadIds: [...recovered],
        left: [...left],
        kept: left.length === 0 ? [...acknowledgeSetAside(facts.database)] : [],
      };
    },

    async shutdown(request) {
      shutdown(request.handOver ? `handing over: ${request.reason}` : request.reason);
      return {};
    },

    async refreshEnvironment() {
      const variables = Object.keys(await shell.refresh()).length;
      problems.tellChanges(store, now());
      return { variables };
    },

    async collectGarbage({ dryRun, keys }) {
      const shown = keys.length === 0 ? undefined : new Set(keys);
      const garbage = dryRun ? await retention.list() : await retention.collect(shown);
      return {
        garbage: garbage.map(each => ({
          key: garbageKey(each),
          kind: each.kind,
          path: each.path,
          bytes: BigInt(each.bytes),
          since: BigInt(Math.round(each.since)),
        })),
      };
    },
  };
}
