import { builtinModules } from 'node:module';
import type { Plugin } from 'esbuild';

/**
 * Gets from Node's own modules what is used of them, without `import` and `require`: these read each export of a module at
 * once, and those of `fs` and `util` that are made at their first use (streams, promises, worker threads) are a tenth of a
 * short command's time.
 */
export function plainBuiltins(): Plugin {
  const known = new Set(builtinModules.flatMap(name => [name, `node:${name}`]));
  return {
    name: 'plain-builtins',
    setup(build) {
      build.onResolve({ filter: /^[a-z:_/]+$/ }, ({ path, kind, namespace }) =>
        kind === 'import-statement' && namespace === 'file' && known.has(path)
          ? { path, namespace: 'builtin', sideEffects: false }
          : undefined,
      );
      build.onLoad({ filter: /.*/, namespace: 'builtin' }, async ({ path }) => ({
        contents: contentsOf(path, Object.keys(await import(path))),
        loader: 'js',
      }));
    },
  };
}

/** What nobody uses of it is left out of the bundle, and so never read. Node has `getBuiltinModule` from 22.3 on. */
function contentsOf(path: string, names: readonly string[]): string {
  const own = names.filter(name => name !== 'default' && name !== 'module.exports');
  return [
    `const builtin = /* @__PURE__ */ (process.getBuiltinModule ?? require)(${JSON.stringify(path)});`,
    'export default builtin;',
    ...own.map(name => `export const ${name} = /* @__PURE__ */ (() => builtin.${name})();`),
  ].join('\n');
}
