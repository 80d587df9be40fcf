import { stringify, parse } from 'yaml';
import { describe, expect, test } from 'vitest';
import { findAgentClis } from '../support/agents/agentClis.ts';
import { scriptedKey } from '../support/agents/agentHome.ts';
import { startAgentHost } from '../support/agents/agentHost.ts';
import { chainFile, chainScript, chainTask } from '../support/agents/chainOfTwo.ts';
import { clusterUnderTest, presentCluster } from '../support/cluster.ts';
import { agentImage } from '../support/clusterAgents.ts';
import { git, shipped } from '../support/containerHost.ts';
import { testRepository } from '../support/hostProcess.ts';
import { clusterAdmin } from '../support/podHost.ts';

/** Real Claude Code as the author and real Codex as the reviewer, each run in a pod of its own; only their models are scripted. */
const found = findAgentClis();
const clis = 'folder' in found ? found.folder : '';

describe.runIf(clusterUnderTest().kind === 'there' && 'folder' in found)('a chain of two real CLIs in pods', () => {
  test(
    'goes from author to reviewer, back for changes, to an approval and into main, and no pod holds a key',
    async () => {
      const image = await agentImage(clis);
      const file = parse(chainFile) as { agents: Record<string, object> };
      const place = { image, driver: { kubernetes: {} }, sandbox: { network: 'none', pull: 'never' } };
      for (const [name, agent] of Object.entries(file.agents)) file.agents[name] = { ...agent, ...place };
      const { home, model } = await startAgentHost({
        programs: shipped,
        clis,
        throughHost: true,
        profile: { KUBECONFIG: presentCluster().kubeconfig },
        script: chainScript,
      });
      const repository = testRepository({ 'agent-compose.yml': stringify(file) });
      expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
      const sent = await home.musterJson(['dispatch', 'dev', chainTask], { cwd: repository });
      const { thread_id: thread } = sent as { thread_id: string };
      await home.muster(['wait', thread, '--timeout', '600'], { cwd: repository });
      const chain = await home.musterJson(['chain', thread], { cwd: repository });
      expect(chain, JSON.stringify(chain)).toMatchObject({
        chain: { state: 'approved', depth: 2 },
        steps: [
          { to: 'dev', intent: 'dispatch', status: 'succeeded' },
          { to: 'reviewer', intent: 'handoff', status: 'succeeded' },
          { to: 'dev', intent: 'changes-requested', status: 'succeeded' },
          { to: 'reviewer', intent: 'handoff', status: 'succeeded' },
        ],
      });
      // The author's conversation went on in another pod: its home folder went along.
      const asked = model.requests.find(({ messages }) => messages.at(-1)?.text.includes('asks for changes'));
      expect(asked?.messages.some(({ text }) => text.includes('The first version greets.'))).toBe(true);
      // The only key is the host's own.
      expect(new Set(model.requests.map(({ credential }) => credential))).toEqual(new Set([scriptedKey]));
      expect(await home.muster(['merge', thread], { cwd: repository })).toMatchObject({ status: 0 });
      const files = git(repository, 'ls-tree', '--name-only', 'main').split('\n');
      expect(files).toEqual(expect.arrayContaining(['hello.txt', 'goodbye.txt']));
      expect(await clusterAdmin().jobsOf(thread)).toEqual([]);
    },
    15 * 60_000,
  );
});
