import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { BuildOptions } from 'esbuild';
import { inRepository } from './paths.ts';

export interface Bundle {
  /** File name in `dist`, without extension; also the name of its metafile in `out/meta`. */
  readonly name: string;
  /** Relative to the checkout. A bundle whose entry does not exist is left out. */
  readonly entry: string;
  readonly kind: 'extension' | 'node' | 'executable' | 'webview';
}

/** Every bundle that ships, except those that are loaded lazily (one per dynamic import, found while bundling). */
export function listBundles(): readonly Bundle[] {
  const bundles: readonly Bundle[] = [
    { name: 'extension', entry: 'src/extension/main.ts', kind: 'extension' },
    { name: 'composeWorker', entry: 'src/extension/compose/composeWorker.ts', kind: 'extension' },
    { name: 'host', entry: 'src/host/main.ts', kind: 'node' },
    { name: 'farFacade', entry: 'src/host/farFacade/main.ts', kind: 'node' },
    { name: 'cli', entry: 'src/cli/main.ts', kind: 'executable' },
    { name: 'mcp', entry: 'src/mcp/main.ts', kind: 'node' },
    { name: 'agentMcp', entry: 'src/agentMcp/main.ts', kind: 'node' },
    { name: 'acpClient', entry: 'src/agentMcp/acp/main.ts', kind: 'node' },
    { name: 'podTerminal', entry: 'src/drivers/kubernetes/podTerminal.ts', kind: 'node' },
    { name: 'scriptWorker', entry: 'src/drivers/quickjs/scriptWorker.ts', kind: 'node' },
    { name: 'demoAgent', entry: 'src/demo/demoAgent.ts', kind: 'node' },
    ...webviewFolders().map((folder): Bundle => ({
      name: `webview/${folder}`,
      entry: `webview/${folder}/main.ts`,
      kind: 'webview',
    })),
  ];
  return bundles.filter(bundle => existsSync(inRepository(bundle.entry)));
}

function webviewFolders(): readonly string[] {
  return readdirSync(inRepository('webview'), { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name);
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(inRepository('package.json'), 'utf8'));
  if (typeof manifest !== 'object' || manifest === null || !('version' in manifest)) throw new Error('No version');
  return String(manifest.version);
}

/** CommonJS dependencies inside an ES module ask for `require` at run time. */
const requireBanner =
  "import { createRequire as musterCreateRequire } from 'node:module'; const require = musterCreateRequire(import.meta.url);";

/** What esbuild needs to know for one kind of bundle. Only the extension may resolve `vscode`. */
export function optionsFor(bundle: Bundle): BuildOptions {
  const common: BuildOptions = {
    absWorkingDir: inRepository(),
    entryPoints: [{ in: bundle.entry, out: bundle.name }],
    outdir: 'dist',
    bundle: true,
    define: { MUSTER_VERSION: JSON.stringify(packageVersion()), MUSTER_TEST_BUILD: 'false' },
    minify: true,
    metafile: true,
    write: false,
    sourcemap: 'linked',
    legalComments: 'none',
    logLevel: 'warning',
    treeShaking: true,
  };
  switch (bundle.kind) {
    case 'extension':
      return { ...common, ...node, format: 'cjs', external: ['vscode'], outExtension: { '.js': '.cjs' } };
    case 'node':
    case 'executable':
      return { ...common, ...node, format: 'esm', external: ['better-sqlite3'], banner: { js: requireBanner } };
    case 'webview':
      return { ...common, platform: 'browser', target: 'es2023', format: 'iife', loader: { '.ttf': 'file' } };
  }
}

/** Prefer the ES module of a dependency: it can be tree-shaken, `main` often cannot. */
const node: BuildOptions = {
  platform: 'node',
  target: 'node22',
  mainFields: ['module', 'main'],
  alias: Object.fromEntries(
    ['@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs', 'ssh2'].map(name => [
      name,
      inRepository('src/build/notBundled.mjs'),
    ]),
  ),
};
