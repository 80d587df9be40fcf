import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { listFiles } from '../../src/build/files.ts';
import { inRepository } from '../../src/build/paths.ts';

const page = 'src/ARCHITECTURE.md';

/** `core/runs/runQueue.ts`, `drivers/git/merge/`, `landMerge.ts`, `core/models/{upstream,builtInPrices}.ts`: what the page names. */
function namedIn(text: string): readonly string[] {
  const named = [...text.matchAll(/`([\w./{},-]+\.(?:ts|mjs|md|proto)|[\w-]+(?:\/[\w-]+)+\/?)`/g)].map(
    ([, name = '']) => name,
  );
  const traced = [...text.matchAll(/^(src\/\S+\.(?:ts|proto))/gm)].map(([, name = '']) => name);
  return [...named, ...traced].flatMap(alternatives);
}

function alternatives(name: string): readonly string[] {
  const [, before = '', list, after = ''] = /^(.*)\{([^}]*)\}(.*)$/.exec(name) ?? [];
  return list === undefined ? [name] : list.split(',').map(each => before + each + after);
}

async function missingFrom(text: string): Promise<readonly string[]> {
  const files = (await Promise.all(['src', 'test', 'webview', 'docs', 'media'].map(listFiles))).flat();
  const isThere = (name: string): boolean => {
    const wanted = name.replace(/\/$/, '');
    return files.some(file => `/${file}`.endsWith(`/${wanted}`) || `/${file}`.includes(`/${wanted}/`));
  };
  return namedIn(text).filter(name => !isThere(name));
}

/** Names of things that are not files of ours: programs, refs, MIME types, files of users and of the state directory. */
const others = /^(?:refs\/|\.|muster\/|Console|agentcompose|host-parts)/;

test('every file and room that the page about the inside names is there', async () => {
  const text = await readFile(inRepository(page), 'utf8');
  expect(namedIn(text).length).toBeGreaterThan(100);
  expect((await missingFrom(text)).filter(name => !others.test(name))).toEqual([]);
});

test('every room is named on the page', async () => {
  const text = await readFile(inRepository(page), 'utf8');
  const [, table = ''] = /### Rooms inside these folders\n([\s\S]*?)\n## /.exec(text) ?? [];
  const rows = table.split('\n').filter(line => line.startsWith('| `'));
  const unnamed = await Promise.all(
    rows.flatMap(row => {
      const [, folders = '', words = ''] = row.split('|');
      return [...folders.matchAll(/`([\w/.]+)`/g)].map(async ([, folder = '']) => {
        const root = folder.startsWith('../') ? folder.slice('../'.length) : `src/${folder}`;
        const rooms = new Set(
          (await listFiles(root)).flatMap(
            file =>
              file
                .slice(root.length + 1)
                .split('/')
                .slice(0, -1)[0] ?? [],
          ),
        );
        expect(rooms.size, folder).toBeGreaterThan(0);
        return [...rooms].filter(room => !words.includes(`\`${room}\``)).map(room => `${root}/${room}`);
      });
    }),
  );
  expect(rows.length).toBeGreaterThan(7);
  expect(unnamed.flat()).toEqual([]);
});

test('a planted name of a file that is gone is found', async () => {
  expect(await missingFrom('See `core/runs/runExecutor.ts`, `runQueue.ts` and `core/runs/{run,gone}.ts`.')).toEqual([
    'core/runs/runExecutor.ts',
    'core/runs/gone.ts',
  ]);
});
