import { startModelServer, type ModelServer } from '../modelServer/modelServer.ts';
import type { ModelTurn } from '../modelServer/modelScript.ts';
import { testHome, type Programs, type TestHome } from '../hostProcess.ts';
import { writeAgentHome } from './agentHome.ts';
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
}): Promise<AgentHost> {
  const model = await startModelServer(options.script);
  onTestFinished(async () => {
    await model.close();
    model.verify();
  });
  const home = testHome(options.programs);
  const user = home.env['HOME'];
  if (user === undefined) throw new Error('The test home has no HOME');
  writeAgentHome({ home: user, clis: options.clis, modelUrl: model.url });
  return { home, model };
}
