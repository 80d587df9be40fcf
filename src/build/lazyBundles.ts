import { basename } from 'node:path';
import type { Plugin } from 'esbuild';

/** A module that the extension loads with `import()`: it becomes `dist/<name>.cjs`, read from disk at the first use. */
export interface LazyEntry {
  readonly name: string;
  /** Absolute path of the source. */
  readonly path: string;
}

/** Cuts the extension's bundle at each `import('./…')` of our own code and reports what was cut off. */
export function cutAtDynamicImports(found: (entry: LazyEntry) => void): Plugin {
  return {
    name: 'cut-at-dynamic-imports',
    setup(build) {
      build.onResolve({ filter: /^\.\.?\// }, async args => {
        if (args.kind !== 'dynamic-import') return undefined;
        const resolved = await build.resolve(args.path, {
          kind: 'import-statement',
          importer: args.importer,
          resolveDir: args.resolveDir,
        });
        if (resolved.errors.length > 0) return { errors: resolved.errors };
        const name = basename(resolved.path, '.ts');
        found({ name, path: resolved.path });
        return { path: `./${name}.cjs`, external: true };
      });
    },
  };
}
