import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import type { DisposableStore } from '../base/lifecycle.js';
import { parseDuration } from '../compose/duration.js';
import { HookService } from '../core/hooks/hookService.js';
import { AppliedTriggers } from '../core/schedules/appliedTriggers.js';
import { EventTriggers } from '../core/schedules/eventTriggers.js';
import { FireService } from '../core/schedules/fireService.js';
import { PruneFires } from '../core/schedules/pruneFires.js';
import { Scheduler } from '../core/schedules/scheduler.js';
import { ScheduleService } from '../core/schedules/scheduleService.js';
import { AgentTasks } from '../core/scripts/agentTasks.js';
import { ScriptCalls } from '../core/scripts/scriptCalls.js';
import type { ScriptEngine } from '../core/scripts/scriptEngine.js';
import { ScriptService } from '../core/scripts/scriptService.js';
import type { DispatchService } from '../core/threads/dispatchService.js';
import type { ThreadService } from '../core/threads/threadService.js';
import { InternalTopics } from '../core/topics/internalTopics.js';
import { WebhookService } from '../core/topics/webhookService.js';
import { TopicService } from '../core/topics/topicService.js';
import { createHookRunner } from '../drivers/process/hookRunner.js';
import type { ProcessSandbox } from '../drivers/process/createProcessSandbox.js';
import { QuickjsEngine } from '../drivers/quickjs/quickjsEngine.js';
import type { LoginShell } from './environment/loginShell.js';
import type { TextGeneration } from './facade/textGeneration.js';
import type { HostState } from './openState.js';
import { cronTimes } from './schedules/cronTimes.js';
import { readRunText } from './schedules/runText.js';
import type { HostRunSecrets } from './secrets/hostRunSecrets.js';

/** What starts runs without a person: the clock, events and scripts. */
export interface HostSchedules {
  readonly schedules: ScheduleService;
  readonly fires: FireService;
  readonly pruning: PruneFires;
  readonly topics: TopicService;
  readonly internalTopics: InternalTopics;
  readonly webhooks: WebhookService;
  readonly scripts: ScriptService;
  readonly scriptEngine: ScriptEngine;
  readonly scheduler: Scheduler;
}

export function buildSchedules(
  { store, clock, ids, log }: HostState,
  built: {
    readonly dispatcher: DispatchService;
    readonly threads: ThreadService;
    readonly sandbox: ProcessSandbox;
    readonly shell: LoginShell;
    readonly runSecrets: HostRunSecrets;
    readonly distDir: string;
    readonly textGeneration: TextGeneration;
    /** With a key of this machine. */
    readonly secretDigest: (text: string) => string;
  },
  resources: DisposableStore,
): HostSchedules & { readonly end: () => Promise<void> } {
  const common = { store, clock, ids, log };
  const { dispatcher, threads, sandbox, runSecrets, distDir } = built;
  const schedules = new ScheduleService({ ...common, times: cronTimes });
  const triggers = resources.add(new EventTriggers({ store }));
  const topics = new TopicService({ ...common, triggers, digest: sha256 });
  const internalTopics = resources.add(new InternalTopics({ ...common, topics }));
  const runner = createHookRunner({ environment: () => built.shell.environment() });
  const hooks = new HookService({ store, log, runner });
  const webhooks = new WebhookService({
    ...common,
    topics,
    derive: text => `whsec_${built.secretDigest(text).replace(/^hmac:/, '')}`,
    sign: (secret, body) => createHmac('sha256', secret).update(body).digest('hex'),
    isSame: (a, b) => timingSafeEqual(digestOf(a), digestOf(b)),
  });
  const scriptEngine = new QuickjsEngine({ worker: join(distDir, 'scriptWorker.js') });
  const tasks = new AgentTasks({
    ...common,
    dispatcher,
    threads,
    durationMs: parseDuration,
    textOf: (run, limit) =>
      readRunText({ directory: sandbox.directory.path(run), limit, maskOf: () => runSecrets.maskOf(run) }),
  });
  const calls = new ScriptCalls({ ...common, topics, tasks, models: built.textGeneration });
  const scripts = new ScriptService({ ...common, engine: scriptEngine, calls });
  const applied = resources.add(new AppliedTriggers({ store }));
  const fires = new FireService({ ...common, applied, times: cronTimes, dispatcher, threads, scripts });
  const scheduler = new Scheduler({ ...common, clock, schedules, fires });
  const end = async (): Promise<void> => {
    await hooks.dispose();
    await scheduler.dispose();
    await scripts.dispose();
  };
  const pruning = new PruneFires({ store, clock });
  return { schedules, fires, pruning, topics, internalTopics, webhooks, scripts, scriptEngine, scheduler, end };
}

/** Of one length, whatever was sent. */
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
