import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { describe, expect, it } from 'vitest';
import { agentClis, cliNames, findAgentClis, type AgentCli } from '../support/agents/agentClis.ts';
import { scriptedKey } from '../support/agents/agentHome.ts';
import { startAgentHost } from '../support/agents/agentHost.ts';
import { dispatchAndWait, threadOf } from '../support/agents/threads.ts';
import { shipped } from '../support/containerHost.ts';
import { buildGuestImage, dockerCli, dockerUnderTest } from '../support/docker.ts';
import { testRepository } from '../support/hostProcess.ts';
import { scriptedUsage } from '../support/modelServer/modelScript.ts';

/** The four real CLIs in containers of our own image without a network, whose only way to the scripted model is the host. */
const found = findAgentClis();
if ('missing' in found) console.warn(`Skipped: ${found.missing}. \`npm test\` installs the agent CLIs.`);
const clis = 'folder' in found ? found.folder : '';
const docker = dockerUnderTest();
const { host, nodeImage } = docker.kind === 'there' ? docker : { host: '', nodeImage: '' };

const task = 'Add hello.txt with a greeting';

function composeFile(cli: AgentCli): string {
  const agent = {
    provider: cli.name,
    model: cli.model,
    image: 'muster-guest:latest',
    driver: { docker: { host } },
    sandbox: { network: 'none' },
  };
  return stringify({ name: 'shop', agents: { dev: agent } });
}

/** How often a text is in an image as the engine exports it: layers are plain tars there. */
async function countIn(engine: string, name: string, text: string): Promise<number> {
  const child = spawn('docker', ['--host', engine, 'save', name], { stdio: ['ignore', 'pipe', 'inherit'] });
  const needle = Buffer.from(text);
  let count = 0;
  let rest = Buffer.alloc(0);
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    const bytes = Buffer.concat([rest, chunk]);
    for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + needle.length)) count++;
    rest = bytes.subarray(Math.max(0, bytes.length - needle.length + 1));
  }
  return count;
}

/** Every file below a folder, as text. */
function everythingIn(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

describe.skipIf('missing' in found || docker.kind === 'missing').each(cliNames)('%s in a container', name => {
  const cli = agentClis[name];

  it('edits the worktree, and holds no key', async () => {
    const repository = testRepository({ 'agent-compose.yml': composeFile(cli) });
    const { home, model } = await startAgentHost({
      programs: shipped,
      clis,
      throughHost: true,
      script: [
        {
          prompt: task,
          steps: [
            { text: 'Let me look.', toolCall: cli.runCommand('env; cat /proc/1/environ; cat /proc/net/dev') },
            { text: 'I will add it.', toolCall: cli.writeFile('hello.txt', 'Hello from the agent') },
            { text: 'hello.txt greets now.' },
          ],
        },
      ],
    });
    await buildGuestImage(home, host, nodeImage);
    expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
    const thread = await dispatchAndWait(home, repository, [task]);
    const { latest_run: run } = await threadOf(home, repository, thread);
    expect(run, run.error?.message).toMatchObject({ status: 'succeeded' });
    expect(run.input_tokens).toBeGreaterThanOrEqual(3 * scriptedUsage.input);
    expect(new Set(model.requests.map(({ credential }) => credential))).toEqual(new Set([scriptedKey]));

    const said = (await home.muster(['logs', thread, '--raw'], { cwd: repository })).stdout;
    // What the agent saw of its network: the loopback interface alone.
    expect(said).toContain('lo:');
    expect(said).not.toContain('eth0');
    expect(said + everythingIn(home.stateDir)).not.toContain(scriptedKey);
    // Nor anywhere in the image: its layers with all their files, its configuration, how it was made.
    expect(await countIn(host, 'muster-guest:latest', scriptedKey)).toBe(0);
    expect(
      dockerCli(host, 'inspect', 'muster-guest:latest') +
        dockerCli(host, 'history', '--no-trunc', 'muster-guest:latest'),
    ).not.toContain(scriptedKey);

    const { head } = (await home.musterJson(['approve', thread], { cwd: repository })) as { head: string };
    expect(await home.musterJson(['merge', thread, '--expect', head], { cwd: repository })).toMatchObject({
      status: 'merged',
    });
    expect(readFileSync(join(repository, 'hello.txt'), 'utf8')).toBe('Hello from the agent\n');
    expect(dockerCli(host, 'ps', '-aq', '--filter', `label=dev.muster.thread=${thread}`)).toBe('');
  });
});

describe.skipIf('missing' in found || docker.kind === 'missing')('an agent in a container whose host is killed', () => {
  it('goes on calling its model through the next host', async () => {
    const cli = agentClis.claude;
    const repository = testRepository({ 'agent-compose.yml': composeFile(cli) });
    const { home } = await startAgentHost({
      programs: shipped,
      clis,
      throughHost: true,
      script: [
        {
          prompt: task,
          steps: [
            { text: 'A moment.', toolCall: cli.runCommand('touch begun; until [ -e go ]; do sleep 0.1; done') },
            { text: 'Nobody noticed.' },
          ],
        },
      ],
    });
    await buildGuestImage(home, host, nodeImage);
    expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
    const sent = await home.musterJson(['dispatch', 'dev', task], { cwd: repository });
    const { thread_id: thread } = sent as { thread_id: string };
    const worktree = async (): Promise<string> => {
      const { worktrees } = (await home.musterJson(['worktrees'], { cwd: repository })) as {
        worktrees: readonly { path: string }[];
      };
      return worktrees[0]?.path ?? '';
    };
    await expect.poll(async () => existsSync(join(await worktree(), 'begun')), { timeout: 60_000 }).toBe(true);
    await home.killHost();
    const place = await worktree();
    writeFileSync(join(place, 'go'), '');
    expect(await home.muster(['wait', thread, '--timeout', '120'], { cwd: repository })).toMatchObject({ status: 0 });
    const { latest_run: run } = await threadOf(home, repository, thread);
    expect(run, run.error?.message).toMatchObject({ status: 'succeeded' });
  });
});
