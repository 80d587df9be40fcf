import { beforeAll, describe, expect, it } from 'vitest';
import { agentClis, findAgentClis, type CliName } from '../../support/agents/agentClis.ts';
import { startAgentHost } from '../../support/agents/agentHost.ts';
import { dispatchAndWait } from '../../support/agents/threads.ts';
import { buildPrograms, testRepository, type Programs, type TestHome } from '../../support/hostProcess.ts';

/** The agent-side MCP server, started by the real CLIs in the way of each; only their models are scripted. */
const found = findAgentClis();
if ('missing' in found) console.warn(`Skipped: ${found.missing}. \`npm test\` installs the agent CLIs.`);
const clis = 'folder' in found ? found.folder : '';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

/** What each CLI calls the tool `verdict` of the server `muster` when it tells its model of it. */
const verdictTool: Readonly<Record<Exclude<CliName, 'gemini'>, string>> = {
  claude: 'mcp__muster__verdict',
  codex: 'verdict',
  opencode: 'muster_verdict',
};

/** Gemini CLI reads settings of one run only from files that belong to root. */
const withTools = ['claude', 'codex', 'opencode'] as const;

/** Those whose CLI hands its questions to somebody else: by a tool of ours, or over the Agent Client Protocol. */
const asking = ['claude', 'codex', 'gemini', 'opencode'] as const;

const verdict = {
  verdict: 'request_changes',
  summary: 'One thing.',
  findings: [{ file: 'hello.txt', line: 1, severity: 'major', text: 'Say goodbye too.' }],
};

describe.skipIf('missing' in found)('the tools of an agent', () => {
  it.each(withTools)('%s gives its verdict as a reviewer, with findings that the author gets', async name => {
    const cli = agentClis[name];
    const { home } = await startAgentHost({
      programs,
      clis,
      script: [
        {
          prompt: 'Review what dev did',
          steps: [
            {
              toolCall: {
                name: verdictTool[name],
                ...(name === 'codex' && { namespace: 'mcp__muster' }),
                input: verdict,
              },
            },
            { text: 'I have said it.' },
          ],
        },
      ],
    });
    const repository = testRepository({
      'agent-compose.yml': `name: shop
providers:
  author: {command: sh, args: ["-c", "echo hello >> hello.txt; echo I greet."]}
agents:
  dev:
    provider: author
    handoff: {on_response: reviewer, max_depth: 1}
  reviewer:
    provider: ${name}
    model: ${cli.model}
    workspace: {provider: thread, access: read}
`,
    });
    expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
    const thread = await dispatchAndWait(home, repository, ['dev', 'Add a greeting']);
    const client = await home.connect();
    const { messages, verdicts } = await client.threads.getThread({ threadId: thread });
    expect(verdicts).toMatchObject([
      { agent: 'reviewer', verdict: 'request_changes', summary: 'One thing.', findings: [verdict.findings[0]] },
    ]);
    expect(messages.find(({ intent }) => intent === 'changes-requested')?.body).toContain(
      'hello.txt:1: (major) Say goodbye too.',
    );
  });

  it.each(asking)(
    '%s asks before a command without being told to; a person allows it once, always, and denies it, also after a crash of the host',
    async name => {
      const cli = agentClis[name];
      const command = (word: string) => {
        const toolCall = cli.runCommand(`node -e "fs.appendFileSync('said.txt', '${word}\\n')"`);
        // Codex works in its sandbox without asking; its model asks for what is to run outside.
        const outside = { sandbox_permissions: 'require_escalated', justification: 'It says something.' };
        return { toolCall: name === 'codex' ? { ...toolCall, input: { ...toolCall.input, ...outside } } : toolCall };
      };
      const { home } = await startAgentHost({
        programs,
        clis,
        script: [
          {
            prompt: 'Say something',
            steps: [command('one'), command('three'), command('three'), command('two'), { text: 'Said.' }],
          },
        ],
      });
      const repository = testRepository({
        'agent-compose.yml': `name: shop\nagents:\n  dev: {provider: ${name}, model: ${cli.model}}\n`,
      });
      expect(await home.muster(['up', '--yes'], { cwd: repository })).toMatchObject({ status: 0 });
      await home.muster(['dispatch', 'dev', 'Say something'], { cwd: repository });
      const first = await nextQuestion(home, repository);
      expect(first).toMatchObject({
        agent: 'dev',
        kind: 'permission',
        title: expect.stringMatching(/: .*node -e .*one/) as string,
      });
      // Whoever asked is still waiting for the answer when another host takes over.
      await home.killHost();
      expect((await nextQuestion(home, repository)).question_id).toBe(first.question_id);
      await answer(home, first, 'allow');
      await answer(home, await nextQuestion(home, repository), 'always');
      // The same command once more asks nobody. Some CLIs end their turn at a denial, so it comes last.
      await answer(home, await nextQuestion(home, repository), 'deny', 'not', 'two');
      const {
        threads: [thread],
      } = (await home.musterJson(['ps'], { cwd: repository })) as { threads: { thread_id: string }[] };
      expect(await home.muster(['wait', thread?.thread_id ?? ''], { cwd: repository })).toMatchObject({ status: 0 });
      const { stdout: diff } = await home.muster(['diff', thread?.thread_id ?? ''], { cwd: repository });
      expect(diff).toMatch(/\+one\n\+three\n\+three\n$/);
      expect(diff).not.toContain('two');
      const { runs } = await (await home.connect()).threads.getThread({ threadId: thread?.thread_id ?? '' });
      expect(runs).toMatchObject([{ status: 'succeeded', conversation: expect.stringMatching(/./) as string }]);
      expect((await home.muster(['logs', thread?.thread_id ?? ''], { cwd: repository })).stdout).toContain('node -e');
    },
  );
});

interface Asked {
  readonly question_id: string;
  readonly title: string;
}

async function nextQuestion(home: TestHome, cwd: string): Promise<Asked> {
  for (let tries = 0; tries < 200; tries++) {
    const { questions } = (await home.musterJson(['inbox'], { cwd })) as { questions: readonly Asked[] };
    if (questions[0]) return questions[0];
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  const {
    threads: [thread],
  } = (await home.musterJson(['ps'], { cwd })) as { threads: { thread_id: string }[] };
  throw new Error((await home.muster(['logs', thread?.thread_id ?? ''], { cwd })).stdout);
}

async function answer(home: TestHome, { question_id: id }: Asked, ...words: readonly string[]): Promise<void> {
  expect(await home.muster(['answer', id, ...words])).toMatchObject({ status: 0 });
}
