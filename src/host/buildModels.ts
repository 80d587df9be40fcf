import type { RunId } from '../base/ids.js';
import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { errorMessage } from '../base/errors.js';
import type { DisposableStore } from '../base/lifecycle.js';
import type { RunStatus } from '../core/runs/run.js';
import { ModelGate } from '../core/models/modelGate.js';
import type { RunModels } from '../core/models/runModels.js';
import type { HostDrivers } from './buildDrivers.js';
import type { HostRunEnvironment } from './environment/hostRunEnvironment.js';
import { storedTokens } from './facade/callGate.js';
import { CallLog } from './facade/callLog.js';
import { FarUsage } from './facade/farUsage.js';
import { facadeKey as readFacadeKey } from './state/facadeKey.js';
import { FacadeListener } from './facade/facadeListener.js';
import { HostRunModels } from './facade/hostRunModels.js';
import { ModelFacade } from './facade/modelFacade.js';
import { ModelSettingsFile } from './facade/modelSettings.js';
import { RateLimits } from './facade/rateLimits.js';
import { TextGeneration } from './facade/textGeneration.js';
import { RunUpstreams } from './facade/runUpstreams.js';
import { UpstreamKeys } from './facade/upstreamKeys.js';
import { UpstreamClient } from './facade/upstreamRequest.js';
import type { HostState } from './openState.js';
import { startOfDay } from './startOfDay.js';

/** States in which a run may call models. */
const atWork: ReadonlySet<string> = new Set<RunStatus>(['queued', 'starting', 'running', 'waiting']);

/** How runs reach models. */
export interface HostModels {
  readonly runModels: RunModels;
  readonly textGeneration: TextGeneration;
  readonly modelKeys: UpstreamKeys;
  readonly modelSettings: ModelSettingsFile;
  /** By which facades elsewhere know this host. */
  readonly facadeKey: () => KeyObject;
  /** Serves the runs that an earlier host left, at the port that they know. */
  readonly resumeModels: () => Promise<void>;
}

/** Builds the facade. It listens once a run needs it. */
export function buildModels(
  state: HostState,
  {
    shell,
    runSecrets,
    farFacades,
    environment,
  }: Pick<HostDrivers, 'shell' | 'runSecrets' | 'farFacades'> & { readonly environment: HostRunEnvironment },
  resources: DisposableStore,
): HostModels {
  const { store, clock, log, redactor } = state;
  const modelSettings = new ModelSettingsFile(join(state.directory.path, 'models.json'));
  const settings = (): ModelSettingsFile['current'] => modelSettings.current;
  const modelKeys = new UpstreamKeys({
    settings,
    redactor,
    shellEnvironment: () => shell.environment(),
    now: () => clock.awake(),
  });
  const gate = new ModelGate({ store, clock, rules: settings, startOfDay });
  const upstreams = new RunUpstreams({
    settings,
    keys: modelKeys,
    look: async run => await lookOf(run, { store, environment }),
  });
  const client = resources.add(new UpstreamClient(clock));
  const rates = new RateLimits(() => clock.awake());
  const file = join(state.directory.path, 'model-calls.ndjson');
  const calls = resources.add(new CallLog({ file, redactor, log, now: () => clock.now() }));
  const facade = new ModelFacade({
    calls,
    gate: storedTokens(gate),
    upstreams,
    keys: modelKeys,
    client,
    settings,
    rates,
    clock,
    log,
  });
  const listener = new FacadeListener({ store, log, handler: (request, response) => facade.handle(request, response) });
  const unsubscribe = store.onDidCommit(events => {
    for (const { event } of events) {
      if (event.kind === 'run_changed' && !atWork.has(event.status)) facade.endRun(event.runId);
    }
  });
  let key: KeyObject | undefined;
  // Made when something is first signed: most hosts never do.
  const facadeKey = (): KeyObject => (key ??= readFacadeKey(state.directory.path));
  const usage = resources.add(new FarUsage({ store, gate, facades: farFacades, key: facadeKey, clock, log }));
  const far = { key: facadeKey, gate, usage, now: () => clock.now() };
  // In reverse: calls end first, so that what they came to is written, then the listener.
  resources.add(listener);
  resources.add(facade);
  resources.add(unsubscribe);
  return {
    runModels: new HostRunModels({ store, listener, upstreams, settings, runSecrets, redactor, far }),
    textGeneration: new TextGeneration({
      gate,
      keys: modelKeys,
      client,
      settings,
      environment: () => shell.environment(),
      clock,
      redactor,
    }),
    modelKeys,
    modelSettings,
    facadeKey,
    resumeModels: async () => {
      try {
        if (store.read(({ modelAccess }) => modelAccess.open()) > 0) await listener.listen();
        gate.closeOpen();
        if (store.read(({ modelAccess }) => modelAccess.far(clock.now())).length > 0) usage.begin();
      } catch (error) {
        // A file of settings that cannot be read keeps nobody from the host; whoever needs it hears of it.
        log.error('Models are not served to running agents', { reason: errorMessage(error) });
      }
    },
  };
}

/** The variables that a run has of this machine, for finding its keys again. */
async function lookOf(
  id: RunId,
  { store, environment }: { readonly store: HostState['store']; readonly environment: HostRunEnvironment },
) {
  const request = store.read(stores => {
    const run = stores.runs.get(id);
    const thread = run && stores.threads.get(run.threadId);
    const project = thread && stores.projects.get(thread.projectId);
    const agent = project?.spec.agents.find(({ name }) => name === run?.agent);
    return run && project && agent && { run, project, agent };
  });
  return request ? await environment.look(request, new AbortController().signal) : {};
}
