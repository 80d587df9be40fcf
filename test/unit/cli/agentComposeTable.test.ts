import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findCommand } from '../../../src/cli/commandTable.js';
import { globalOptionLines } from '../../../src/cli/options/globalOptions.js';
import { unsupportedCommand } from '../../../src/cli/options/unsupported.js';
import { HostService } from '../../../src/protocol/gen/muster/v1/host_pb.js';
import { ImageService } from '../../../src/protocol/gen/muster/v1/images_pb.js';
import { ProjectService } from '../../../src/protocol/gen/muster/v1/projects_pb.js';
import { RunService } from '../../../src/protocol/gen/muster/v1/runs_pb.js';
import { SandboxService } from '../../../src/protocol/gen/muster/v1/sandboxes_pb.js';
import { ScheduleService } from '../../../src/protocol/gen/muster/v1/schedules_pb.js';
import { ThreadService } from '../../../src/protocol/gen/muster/v1/threads_pb.js';
import { WorktreeService } from '../../../src/protocol/gen/muster/v1/worktrees_pb.js';
import { eraCommands, eraEnds, eraTables, type EraCommand } from '../../support/agentCompose/commands.ts';
import { wrongKeys } from '../../support/agentCompose/shapes.ts';
import { runInProcess } from '../../support/cliRunner.ts';
import { tempDirectory } from '../../support/tempDirectory.ts';
import { hostError, wireHostWith } from '../../support/wireHostWith.ts';

const time = 1_700_000_000_000n;
const run = {
  id: 'R',
  threadId: 'T',
  agent: 'dev',
  provider: 'claude',
  status: 'succeeded',
  exitCode: 0,
  queuedAt: time,
  startedAt: time,
  endedAt: time + 1500n,
  answer: 'one\ntwo',
};
const detail = {
  projectId: 'P',
  projectName: 'shop',
  prompt: 'Do it',
  directory: '/runs/R',
  workspace: '/w',
  driver: 'process',
};
const agent = {
  name: 'dev',
  provider: 'claude',
  model: 'sonnet',
  driver: 'process',
  image: 'node:24',
  hasScheduler: true,
  schedulerEnabled: true,
  triggerCount: 1,
};
const project = {
  id: 'P',
  name: 'shop',
  file: '/shop/agent-compose.yml',
  folder: '/shop',
  revision: 2,
  specHash: 'sha256:x',
  agents: [agent],
  appliedAt: time,
};
const trigger = {
  projectId: 'P',
  projectName: 'shop',
  agent: 'dev',
  name: 'nightly',
  kind: 'interval',
  source: 'interval:60000',
  prompt: 'Do it',
  enabled: true,
  nextFireAt: time,
  lastFiredAt: time,
};
const fire = {
  agent: 'dev',
  name: 'nightly',
  dueAt: time,
  at: time,
  by: 'clock',
  outcome: 'started',
  threadId: 'T',
  runId: 'R',
  sequence: 1n,
};
const image = {
  id: 'sha256:0123456789abcdef',
  names: ['node:24'],
  digests: ['node@sha256:1'],
  createdAt: time,
  sizeBytes: 1_000_000n,
  os: 'linux',
  architecture: 'amd64',
  labels: { a: 'b' },
  containers: 1,
};
const changes = [{ action: 'updated', resourceType: 'thread', resourceId: 'T', name: 'T', message: 'cancelled' }];

/** A host with one project, thread and run; the thread's worktree is its own state directory. */
async function answeringHost(): Promise<string> {
  const folder = tempDirectory();
  const thread = {
    id: 'T',
    agent: 'dev',
    summary: 'Do it',
    status: 'ready',
    worktree: folder,
    latestRun: run,
    createdAt: time,
    updatedAt: time,
  };
  const stateDir = await wireHostWith(router => {
    router.service(HostService, { getStatus: () => ({ version: '1.2.3', protocol: 1 }) });
    router.service(ProjectService, {
      getProject: () => ({ project }),
      listProjects: () => ({ projects: [project] }),
      applyProject: () => ({ project, applied: true, changes }),
      removeProject: () => ({ project, changes }),
    });
    router.service(RunService, {
      getRun: () => ({ run, detail }),
      listRuns: () => ({ runs: [run], details: [detail] }),
      async *readTranscript() {
        yield { items: [{ end: 1n, item: { case: 'text' as const, value: { text: 'one\ntwo' } } }] };
      },
      async *readLog() {},
    });
    router.service(ThreadService, {
      getThread: ({ threadId }) => {
        if (threadId !== 'T') throw hostError('thread.unknown', 'There is no such thread.');
        return { thread };
      },
      listThreads: () => ({ threads: [thread] }),
      overview: () => ({ project, threads: [thread] }),
      dispatch: () => ({ threadId: 'T', runId: 'R' }),
      cancelThread: () => ({ thread }),
      restoreThread: () => ({ thread }),
    });
    router.service(ImageService, {
      listImages: () => ({ images: [image] }),
      inspectImage: () => ({ json: '{"Id": "sha256:0123456789abcdef"}' }),
      async *pullImage() {
        yield {
          progress: { case: 'step' as const, value: { id: '', text: 'Pulling', currentBytes: 1n, totalBytes: 2n } },
        };
        yield { progress: { case: 'image' as const, value: image } };
      },
      async *buildImage() {
        yield { progress: { case: 'image' as const, value: image } };
      },
      removeImage: () => ({ untagged: ['node:24'], deleted: ['sha256:0123456789abcdef'] }),
    });
    router.service(SandboxService, { listSandboxes: () => ({ sandboxes: [] }) });
    router.service(ScheduleService, {
      listTriggers: () => ({ triggers: [trigger] }),
      listFires: () => ({ fires: [fire, { ...fire, runId: '', threadId: '', outcome: 'skipped', reason: 'busy' }] }),
      fireTrigger: ({ agent: name }) => (name === 'script' ? { scriptRunId: 'S' } : { threadId: 'T', runId: 'R' }),
      pruneFires: ({ force }) => {
        const matched = { fires: 2n, scriptRuns: 1n, scriptCalls: 3n, deliveries: 1n, deliveredThreads: 0n };
        return { matched, removed: force ? matched : {} };
      },
      getScriptRun: () => ({
        run: { id: 'S', agent: 'script', status: 'succeeded', startedAt: time, endedAt: time + 20n, result: '{"a":1}' },
      }),
    });
    router.service(WorktreeService, { removeWorktree: () => ({ rescue: '' }) });
  });
  writeFileSync(join(stateDir, 'agent-compose.yml'), 'name: shop\nagents: {dev: {provider: claude}}\n');
  return stateDir;
}

function silentHost(): Promise<string> {
  return wireHostWith(router => {
    router.service(ProjectService, { listProjects: () => new Promise<never>(() => {}) });
  });
}

/** `--tail=-n` → the option, whether it takes a value, and its short form. */
function readOption(text: string): { readonly name: string; readonly takesValue: boolean; readonly short?: string } {
  const [, name = '', equals, short] = /^--([a-z-]+?)(=)?(?:-([a-z]))?$/.exec(text) ?? [];
  return { name, takesValue: equals !== undefined, ...(short !== undefined && { short }) };
}

/** An option of every command, by its line in the help. */
function isGlobal(option: ReturnType<typeof readOption>): boolean {
  const forms = [option.short === undefined ? '' : `-${option.short}, `, `--${option.name}`].join('');
  return globalOptionLines.some(([line]) => line.includes(forms) && / [A-Z]+$/.test(line) === option.takesValue);
}

describe('every command of agent-compose', () => {
  test.each(eraCommands.map(command => [command.era, command.words, command] as const))(
    '%s: %s is there, or says with status 4 what to do instead; its options are',
    async (_, words, { options, unsupported }: EraCommand) => {
      const [name = '', ...rest] = words.split(' ');
      if (unsupported) {
        expect(unsupportedCommand(words)?.data.reason).toMatch(/\S/);
        return;
      }
      const found = await findCommand(name, rest);
      expect(found?.args, words).toEqual([]);
      const missing = options
        .split(' ')
        .map(readOption)
        .filter(option => {
          const own = found?.command.options[option.name];
          const fits =
            own &&
            (own.type === 'string') === option.takesValue &&
            (option.short === undefined || own.short === option.short);
          return !fits && !isGlobal(option);
        });
      expect(missing).toEqual([]);
    },
  );

  test('prints the keys of its era and no others', async () => {
    const stateDir = await answeringHost();
    const wrong: unknown[] = [];
    for (const { era, words, json } of eraCommands) {
      if (!json) continue;
      const args = [...words.split(' '), '--json', '--compat', era, ...json.args];
      const { stdout, stderr } = await runInProcess(args, { stateDir });
      const problems = stdout === '' ? [stderr] : wrongKeys(era, json.shape, JSON.parse(stdout));
      if (problems.length > 0) wrong.push([args.join(' '), problems]);
    }
    expect(wrong).toEqual([]);
  });

  test('prints what both eras have, and our own, without one', async () => {
    const stateDir = await answeringHost();
    for (const { era, words, json } of eraCommands) {
      if (!json || json.shape === 'answer') continue;
      const { stdout } = await runInProcess([...words.split(' '), '--json', ...json.args], { stateDir });
      const missing = wrongKeys(era, json.shape, JSON.parse(stdout)).filter(problem => problem.endsWith(' is missing'));
      expect([words, missing]).toEqual([words, []]);
    }
  });

  test('ends with the status of its era, and with nothing on standard output when that is an error', async () => {
    const hosts = { answers: await answeringHost(), silent: await silentHost(), none: tempDirectory() };
    const wrong: unknown[] = [];
    for (const { eras, args, host, status } of eraEnds) {
      for (const era of eras) {
        const ended = await runInProcess(args, { stateDir: hosts[host], env: { MUSTER_COMPAT: era } });
        const isQuiet = status === 0 || ended.stdout === '';
        if (ended.status !== status || !isQuiet) wrong.push([era, args.join(' '), ended]);
      }
    }
    expect(wrong).toEqual([]);
  });

  test.each(eraTables.map(table => [table.era, table.args.join(' '), table] as const))(
    '%s: %s prints its table',
    async (era, _, { args, lines }) => {
      const { stdout } = await runInProcess([...args, '--compat', era], { stateDir: await answeringHost() });
      expect(stdout).toMatch(lines);
    },
  );
});

describe('an option that no command has', () => {
  test('is named in our words, with the nearest one', async () => {
    const { status, stderr } = await runInProcess(['ps', '--verbos'], { stateDir: tempDirectory() });
    expect(status).toBe(2);
    expect(stderr).toBe(
      'muster: `muster ps` has no option --verbos. Did you mean --verbose? `muster ps --help` lists them; a text that begins with a dash goes after `--`.\n',
    );
    const forgotten = await runInProcess(['ps', '--agent', '--all'], { stateDir: tempDirectory() });
    expect(forgotten.stderr).toBe(
      'muster: --agent needs a value (NAME); one that begins with a dash is written --agent=….\n',
    );
  });
});
