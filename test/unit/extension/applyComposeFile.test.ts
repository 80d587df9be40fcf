import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { AppError } from '../../../src/base/errors.js';
import { applyComposeFile } from '../../../src/extension/projects/applyComposeFile.js';
import type { Uri } from 'vscode';
import type { Services } from '../../../src/extension/services.js';

const fake = vi.hoisted(() => ({ notified: [] as string[], asked: [] as unknown[], done: [] as string[] }));
vi.mock('vscode', async original => {
  const notify = async (text: string): Promise<undefined> => void fake.notified.push(text);
  return {
    ...(await original<object>()),
    ProgressLocation: {},
    extensions: { getExtension: () => undefined },
    workspace: { textDocuments: [], asRelativePath: () => 'agent-compose.yml' },
    window: {
      showErrorMessage: notify,
      showInformationMessage: notify,
      showWarningMessage: async (text: string, options: unknown, ...buttons: readonly string[]) => {
        if (typeof options !== 'object') return notify(text);
        fake.asked.push({ text, ...options, buttons });
        return undefined;
      },
      setStatusBarMessage: (text: string) => fake.done.push(text),
      withProgress: async (_: unknown, work: () => unknown) => work(),
    },
  };
});

test('why a file was not applied is no notification, which would still be there after it was applied', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'muster-apply-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'agent-compose.yml');
  await writeFile(path, 'name: shop\n');
  const problems = [`${path}: validate compose field agents.dev: no`, `${path}: validate compose field agents.b: no`];
  let isMended = false;
  const applyProject = async () => {
    if (!isMended) throw new AppError('compose.invalid', 'no', { file: path, problems });
    return { project: { name: 'shop', revision: 1, agents: [] }, unchanged: false, warnings: [], notes: [] };
  };
  const services = {
    host: { client: async () => ({ projects: { applyProject } }) },
    previews: { close: async () => undefined },
  } as unknown as Services;
  const file = { fsPath: path, toString: () => path } as unknown as Uri;
  await applyComposeFile(services, file);
  const text = 'The compose file has 2 problems and was not applied.';
  const detail = 'agents.dev: no\nagents.b: no';
  expect(fake.asked).toEqual([{ text, modal: true, detail, buttons: ['Show Problems'] }]);
  isMended = true;
  await applyComposeFile(services, file);
  expect(fake.done).toEqual(['$(check) Applied shop, revision 1']);
  expect(fake.notified.filter(each => each.includes('not applied'))).toEqual([]);
});
