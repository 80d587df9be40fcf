import { startModelServer, type ModelServer, type ModelServerOptions } from '../modelServer/modelServer.ts';
import type { ModelTurn } from '../modelServer/modelScript.ts';
import { testHome, type Programs, type TestHome } from '../hostProcess.ts';
import { writeAgentHome } from './agentHome.ts';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A host of its own whose runs find the real CLIs, each talking to a scripted model. */
export interface AgentHost {
  readonly home: TestHome;
  readonly model: ModelServer;
}

/** Makes an {@link AgentHost}; both parts end with the test, which fails on a request that the script did not foresee. */
export async function startAgentHost(options: {
  readonly programs: Programs;
  readonly clis: string;
  readonly script: readonly ModelTurn[];
  readonly halfway?: ModelServerOptions['halfway'];
  /** The CLIs know no way to the model; only the host does. */
  readonly throughHost?: boolean;
  /** Of the login shell, besides. */
  readonly profile?: Readonly<Record<string, string>>;
}): Promise<AgentHost> {
  const model = await startModelServer(options.script, options);
  onTestFinished(async () => {
    await model.close();
    model.verify();
  });
  const home = testHome(options.programs);
  const user = home.env['HOME'];
  if (user === undefined) throw new Error('The test home has no HOME');
  const modelUrl = options.throughHost ? nowhere : model.url;
  writeAgentHome({ home: user, clis: options.clis, modelUrl, usualRetries: options.throughHost ?? false });
  const more = Object.entries(options.profile ?? {}).map(([name, value]) => `export ${name}='${value}'\n`);
  appendFileSync(join(user, '.profile'), more.join(''));
  if (options.throughHost) writeModelSettings(home.stateDir, model.url);
  return { home, model };
}

/** Nobody listens there. */
const nowhere = 'http://127.0.0.1:9';

/** Prices that make every kind of token cost something else. */
export const scriptedPrice = { input: 1, output: 2, cache_read: 0.5, cache_write: 1.5 } as const;

/** Tells a host that every upstream is the scripted model. */
export function writeModelSettings(stateDir: string, modelUrl: string, more: object = {}): void {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const settings = {
    upstreams: {
      anthropic: { endpoint: modelUrl },
      openai: { endpoint: `${modelUrl}/v1` },
      gemini: { endpoint: modelUrl },
    },
    prices: [{ models: '*', ...scriptedPrice }],
    ...more,
  };
  writeFileSync(join(stateDir, 'models.json'), JSON.stringify(settings));
}
