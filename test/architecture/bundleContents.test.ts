import { readFile, stat } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { listFiles } from '../../src/build/files.ts';
import { inRepository } from '../../src/build/paths.ts';

/** The part of esbuild's metafile that is looked at. */
interface Metafile {
  readonly inputs: Readonly<
    Record<string, { readonly imports: readonly { readonly path: string; readonly external?: boolean }[] }>
  >;
}

const metafiles = await listFiles('out/meta');

async function readMetafile(file: string): Promise<Metafile> {
  return JSON.parse(await readFile(inRepository(file), 'utf8')) as Metafile;
}

/** Whether a bundle is loaded by the extension host, which alone can resolve `vscode`. */
async function isExtensionBundle(file: string): Promise<boolean> {
  const name = file.replace(/^out\/meta\//, '').replace(/\.json$/, '');
  return (await listFiles('dist')).includes(`dist/${name}.cjs`);
}

test('the bundles that the architecture names exist', () => {
  expect(metafiles).toEqual(
    expect.arrayContaining(['out/meta/extension.json', 'out/meta/host.json', 'out/meta/cli.json']),
  );
});

describe.each(metafiles)('%s', file => {
  test('holds only what belongs there', async () => {
    const { inputs } = await readMetafile(file);
    const names = Object.keys(inputs);
    const externals = Object.values(inputs).flatMap(({ imports }) =>
      imports.filter(({ external }) => external).map(({ path }) => path),
    );
    if (await isExtensionBundle(file)) {
      expect(names.filter(name => /^src\/(core|drivers|host|cli|mcp)\//.test(name))).toEqual([]);
      expect(externals).not.toContain('better-sqlite3');
      return;
    }
    expect(names.filter(name => name.startsWith('src/extension/'))).toEqual([]);
    expect(externals).not.toContain('vscode');
    if (file.startsWith('out/meta/webview/')) {
      // The pages that a host serves have their models and their calls with them.
      const alone = file.endsWith('/site.json');
      const fits = alone
        ? /^src\/(base|protocol|pages)\/|^src\/client\/\w+\.ts$|^src\/node\/systemError\.ts$/
        : /^src\/(base|protocol)\//;
      expect(names.filter(name => name.startsWith('src/') && !fits.test(name))).toEqual([]);
      expect(externals).toEqual([]);
    }
  });
});

test('what the extension loads at activation stays small', async () => {
  const { size } = await stat(inRepository('dist/extension.cjs'));
  expect(size).toBeLessThanOrEqual(250_000);
});

/** Packages that a part of the command line may hold; every other part is our own code alone. */
const packagesOfParts: Readonly<Record<string, readonly string[]>> = {
  config: ['croner', 'yaml'],
  up: ['croner', 'yaml'],
  // Read by a dispatch only when a secret's variable is not in the environment.
  composeFile: ['croner', 'yaml'],
  envFiles: ['yaml'],
  setupMcp: ['jsonc-parser', 'zod'],
  service: ['zod'],
  doctor: ['croner', 'jsonc-parser', 'yaml', 'zod'],
  importCompas: ['yaml'],
  // Kernels are spoken to by Jupyter's own client.
  jupyterExec: [
    ...['coreutils', 'services', 'statedb'].map(name => `@jupyterlab/${name}`),
    ...['algorithm', 'coreutils', 'disposable', 'polling', 'properties', 'signaling'].map(name => `@lumino/${name}`),
    ...['minimist', 'querystringify', 'requires-port', 'url-parse', 'ws'],
  ],
  hostClient: ['@bufbuild/protobuf', '@connectrpc/connect', '@connectrpc/connect-node', 'undici'],
};

test.each(metafiles.filter(file => /meta\/cli(-parts\/\w+)?\.json$/.test(file)))(
  '%s holds no package that its command does not use',
  async file => {
    const { inputs } = await readMetafile(file);
    const packages = Object.keys(inputs).map(name => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(name)?.[1]);
    const allowed = packagesOfParts[/(\w+)\.json$/.exec(file)?.[1] ?? ''] ?? [];
    expect(new Set(packages.filter(name => name !== undefined && !allowed.includes(name)))).toEqual(new Set());
  },
);
