import { beforeEach, expect, test, vi } from 'vitest';
import { createComposeFile } from '../../../src/extension/projects/createComposeFile.js';

/** A window: the files in its folders, the rows and titles of its picks, and what was opened. */
const fake = vi.hoisted(() => ({
  folders: [] as string[],
  files: new Set<string>(),
  answers: [] as string[],
  asked: [] as string[],
  opened: [] as string[],
}));
const Uri = vi.hoisted(
  () =>
    class Uri {
      readonly path: string;
      constructor(path: string) {
        this.path = path;
      }
      static joinPath({ path }: Uri, name: string): Uri {
        return new Uri(`${path}/${name}`);
      }
    },
);
type Uri = InstanceType<typeof Uri>;
vi.mock('vscode', async original => ({
  ...(await original<object>()),
  Uri,
  workspace: {
    isTrusted: false,
    get workspaceFolders() {
      return fake.folders.map(name => ({ name, uri: new Uri(`/${name}`) }));
    },
    fs: {
      stat: async ({ path }: Uri) => {
        if (!fake.files.has(path)) throw new Error('not there');
      },
      writeFile: async ({ path }: Uri) => void fake.files.add(path),
    },
  },
  window: {
    showTextDocument: async ({ path }: Uri) => void fake.opened.push(path),
    showQuickPick: async (
      rows: readonly { label: string; description?: string }[],
      options: { placeHolder: string },
    ) => {
      fake.asked.push(
        options.placeHolder,
        ...rows.map(({ label, description = '' }) => `${label} ${description}`.trim()),
      );
      const answer = fake.answers.shift();
      return rows.find(({ label }) => label === answer);
    },
  },
}));

beforeEach(() => Object.assign(fake, { folders: [], files: new Set(), answers: [], asked: [], opened: [] }));

test('of several folders the one without a compose file is meant', async () => {
  Object.assign(fake, { folders: ['greeter', 'second'], files: new Set(['/greeter/agent-compose.yaml']) });
  fake.answers = ['Demo'];
  await createComposeFile({ offers: false });
  expect(fake.asked[0]).toBe('Who is in your crew?');
  expect(fake.opened).toEqual(['/second/agent-compose.yml']);
  expect(fake.files).toContain('/second/agent-compose.yml');
});

test('of several folders without one a person chooses, and sees which have one', async () => {
  Object.assign(fake, { folders: ['greeter', 'second', 'third'], files: new Set(['/greeter/agent-compose.yml']) });
  fake.answers = ['third', 'Demo'];
  await createComposeFile({ offers: false });
  expect(fake.asked.slice(0, 4)).toEqual([
    'In which folder?',
    'second',
    'third',
    'greeter has a compose file, which is opened',
  ]);
  expect(fake.opened).toEqual(['/third/agent-compose.yml']);
});

test('where each folder has one, a person is told so and opens one', async () => {
  const files = new Set(['/greeter/agent-compose.yml', '/second/agent-compose.yml']);
  Object.assign(fake, { folders: ['greeter', 'second'], files });
  fake.answers = ['second'];
  await createComposeFile({ offers: false });
  expect(fake.asked[0]).toMatch(/^Each folder has a compose file/);
  expect(fake.opened).toEqual(['/second/agent-compose.yml']);
  expect(fake.files.size).toBe(2);
});

test('a folder of the explorer is the one that is meant', async () => {
  Object.assign(fake, { folders: ['greeter'], files: new Set(['/greeter/agent-compose.yml']) });
  fake.answers = ['Demo'];
  await createComposeFile({ offers: false, target: new Uri('/greeter/packages/api') });
  expect(fake.opened).toEqual(['/greeter/packages/api/agent-compose.yml']);
});
