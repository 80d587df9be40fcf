/**
 * The architecture in one table; every dependency-cruiser rule below is generated from it.
 * `may`: layers (or single files) it may import besides itself. `types`: the same, but types only.
 * `npm`: packages. `node`: whether Node's built-in modules may be used.
 */
export const layers = {
  'src/base': { may: [], npm: [], node: false },
  'src/node': { may: ['src/base'], npm: [], node: true },
  'src/protocol': { may: ['src/base'], npm: ['@bufbuild/protobuf', 'zod'], node: false },
  'src/compose': { may: ['src/base'], npm: ['yaml', 'zod', 'croner'], node: false },
  'src/core': { may: ['src/base'], types: ['src/compose/projectSpec.ts'], npm: [], node: false },
  'src/drivers/sqlite': driver(['better-sqlite3']),
  'src/drivers/git': driver(['simple-git', 'execa']),
  'src/drivers/process': driver(['execa']),
  // What containers and virtual machines have in common, for their two drivers.
  'src/drivers/guests': driver(['tar-stream']),
  'src/drivers/docker': driver(['dockerode', 'tar-stream', '@balena/dockerignore'], ['src/drivers/guests']),
  'src/drivers/kubernetes': driver(['@kubernetes/client-node'], ['src/drivers/guests']),
  'src/drivers/microvm': driver([], ['src/drivers/guests']),
  'src/drivers/files': driver([]),
  'src/drivers/jupyter': driver(['ws']),
  'src/drivers/quickjs': driver(['quickjs-emscripten-core', '@jitl/quickjs-singlefile-mjs-release-sync']),
  'src/host': {
    may: ['src/base', 'src/node', 'src/protocol', 'src/compose', 'src/core', 'src/drivers'],
    npm: ['@connectrpc/connect', '@connectrpc/connect-node', '@bufbuild/protobuf', 'zod', 'openid-client'],
    node: true,
  },
  'src/client': {
    may: ['src/base', 'src/node', 'src/protocol'],
    npm: ['@connectrpc/connect', '@connectrpc/connect-node', '@bufbuild/protobuf', 'zod', '@jupyterlab/services', 'ws'],
    node: true,
  },
  // What thread page and board show and do, whoever draws them: VS Code's webviews, or a browser. Knows neither.
  'src/pages': { may: ['src/base', 'src/protocol'], types: ['src/client/hostServices.ts'], npm: [], node: false },
  'src/cli': {
    may: ['src/base', 'src/node', 'src/protocol', 'src/compose', 'src/client'],
    npm: ['jsonc-parser'],
    node: true,
  },
  'src/mcp': {
    may: ['src/base', 'src/node', 'src/protocol', 'src/client'],
    npm: ['@modelcontextprotocol/server', 'zod'],
    node: true,
  },
  'src/extension': {
    may: ['src/base', 'src/node', 'src/protocol', 'src/compose', 'src/client', 'src/pages'],
    npm: ['vscode', '@vscode/jupyter-extension'],
    node: true,
  },
  'webview': {
    // Of the client what a browser has use for: nothing of these files is Node's.
    may: [
      'src/base',
      'src/protocol',
      'src/pages',
      'src/client/hostServices.ts',
      'src/client/liveState.ts',
      'src/client/createServices.ts',
    ],
    npm: [
      '@connectrpc/connect',
      '@connectrpc/connect-web',
      '@vscode/webview-ui-toolkit',
      'lit',
      'marked',
      'dompurify',
      'highlight.js',
      '@bufbuild/protobuf',
    ],
    node: false,
  },
  'src/demo': { may: [], npm: [], node: true },
  // Knows one folder and no host, so that it works wherever an agent does.
  'src/agentMcp': {
    may: ['src/base', 'src/node', 'src/protocol'],
    npm: ['@agentclientprotocol/sdk', '@modelcontextprotocol/server', 'zod'],
    node: true,
  },
  // Not shipped: it reads the tables of other layers to generate files from them.
  'src/build': {
    may: [
      'src/base',
      'src/node',
      'src/protocol',
      'src/compose',
      'src/core',
      'src/drivers',
      'src/client',
      'src/mcp',
      'src/extension',
    ],
    npm: ['esbuild', 'zod', '@vscode/vsce', '@bufbuild/protobuf', 'tar-stream'],
    node: true,
  },
};

function driver(npm, drivers = []) {
  return {
    may: ['src/base', 'src/node', 'src/core', ...drivers],
    types: ['src/compose/projectSpec.ts'],
    npm,
    node: true,
  };
}

/** Files that the tree may hold without being in a layer's row. */
const generated = '\\.generated\\.';

const escape = text => text.replace(/[/@.-]/g, '\\$&');
const underLayer = path => `^${escape(path)}${path.endsWith('.ts') ? '$' : '/'}`;
const inPackage = name => [`^${escape(name)}($|/)`, `node_modules/(@types/)?${escape(name)}/`];
const typeOnly = ['type-only', 'type-import'];

function rulesOf([layer, { may, types = [], npm, node }]) {
  const name = layer.replaceAll('/', '-');
  const from = { path: `^${layer}/` };
  return [
    {
      name: `${name}-imports-only-its-layers`,
      severity: 'error',
      from,
      to: { path: '^(src|webview|test)/', pathNot: [layer, ...may, ...types].map(underLayer) },
    },
    ...types.map(path => ({
      name: `${name}-only-types-of-${path.replaceAll('/', '-')}`,
      severity: 'error',
      from,
      to: { path: underLayer(path), dependencyTypesNot: typeOnly },
    })),
    {
      name: `${name}-packages`,
      severity: 'error',
      from,
      to: {
        dependencyTypesNot: ['local', 'core', 'localmodule', 'aliased'],
        pathNot: ['^(src|webview|test)/', ...npm.flatMap(inPackage)],
      },
    },
    ...(node ? [] : [{ name: `${name}-no-node`, severity: 'error', from, to: { dependencyTypes: ['core'] } }]),
  ];
}

export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'nobody-imports-an-entry-point', severity: 'error', from: {}, to: { path: '/main\\.ts$' } },
    {
      name: 'file-belongs-to-a-layer',
      severity: 'error',
      from: { path: '^(src|webview)/', pathNot: [...Object.keys(layers).map(underLayer), generated] },
      to: {},
    },
    {
      name: 'only-git-command-spawns-git',
      severity: 'error',
      from: {
        path: '^src/drivers/git/',
        pathNot: '^src/drivers/git/command/(gitCommand|directGit|shellGit|pipePool)\\.ts$',
      },
      to: {
        path: [...inPackage('simple-git'), ...inPackage('execa'), '^(node:)?child_process$', '^src/node/orderShell'],
      },
    },
    {
      name: 'core-names-the-stores-it-uses',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { path: '^src/core/stores\\.ts$' },
    },
    {
      // It translates between the wire and core; what reaches the machine is handed to core as a port.
      name: 'host-api-reaches-no-driver',
      severity: 'error',
      from: { path: '^src/host/api/' },
      to: { path: '^src/drivers/' },
    },
    {
      // Put together from our own calls alone, so that it can do nothing that they refuse; who may call is said in core/access.
      name: 'host-compat-goes-through-our-calls',
      severity: 'error',
      from: { path: '^src/host/compat/' },
      to: { path: '^src/(core|drivers)/', pathNot: '^src/core/access/' },
    },
    ...Object.entries(layers).flatMap(rulesOf),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
    combinedDependencies: false,
  },
};
