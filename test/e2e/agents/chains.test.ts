import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { agentClis, findAgentClis } from '../../support/agents/agentClis.ts';
import { startAgentHost } from '../../support/agents/agentHost.ts';
import { dispatchAndWait } from '../../support/agents/threads.ts';
import { buildPrograms, testRepository, type Programs } from '../../support/hostProcess.ts';

/** Real Claude Code as the author and real Codex as the reviewer; only their models are scripted. */
const found = findAgentClis();
if ('missing' in found) console.warn(`Skipped: ${found.missing}. \`npm test\` installs the agent CLIs.`);
const clis = 'folder' in found ? found.folder : '';
const { claude, codex } = agentClis;

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

const composeFile = `name: shop
agents:
  dev:
    provider: claude
    model: ${claude.model}
    handoff: {on_response: reviewer}
  reviewer:
    provider: codex
    model: ${codex.model}
    workspace: {provider: thread, access: read}
`;

describe.skipIf('missing' in found)('a chain of two real CLIs', () => {
  it('goes from author to reviewer, back for changes, to an approval and into main', async () => {
    const task = 'Add a greeting';
    const { home, model } = await startAgentHost({
      programs,
      clis,
      // A later message quotes the earlier ones, so that the latest turn stands first.
      script: [
        { prompt: 'second version', steps: [{ text: 'Both are there.\nVERDICT: approve' }] },
        {
          prompt: 'asks for changes',
          steps: [
            { toolCall: claude.writeFile('goodbye.txt', 'Goodbye') },
            { text: 'The second version says goodbye too.' },
          ],
        },
        { prompt: 'first version', steps: [{ text: 'It never says goodbye.\nVERDICT: request changes' }] },
        {
          prompt: task,
          steps: [{ toolCall: claude.writeFile('hello.txt', 'Hello') }, { text: 'The first version greets.' }],
        },
      ],
    });
    const repository = testRepository({ 'agent-compose.yml': composeFile });
    expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
    const thread = await dispatchAndWait(home, repository, [task]);
    expect(await home.musterJson(['chain', thread], { cwd: repository })).toMatchObject({
      chain: { state: 'approved', depth: 2 },
      steps: [
        { to: 'dev', intent: 'dispatch', status: 'succeeded' },
        { to: 'reviewer', intent: 'handoff', status: 'succeeded' },
        { to: 'dev', intent: 'changes-requested', status: 'succeeded' },
        { to: 'reviewer', intent: 'handoff', status: 'succeeded' },
      ],
    });
    // The author's conversation went on: it was asked for changes where it had said what it did.
    const asked = model.requests.find(({ messages }) => messages.at(-1)?.text.includes('asks for changes'));
    expect(asked?.messages.some(({ text }) => text.includes('The first version greets.'))).toBe(true);
    expect(await home.muster(['merge', thread], { cwd: repository })).toMatchObject({ status: 0 });
    const files = execFileSync('git', ['ls-tree', '--name-only', 'main'], { cwd: repository, encoding: 'utf8' });
    expect(files).toContain('hello.txt');
    expect(files).toContain('goodbye.txt');
  });
});
