import { basename } from 'node:path';
import type { Plugin } from 'esbuild';

/** A module that a program loads with `import()`: it becomes a bundle of its own, read from disk at the first use. */
export interface LazyEntry {
  readonly name: string;
  /** Absolute path of the source. */
  readonly path: string;
}

/**
 * Cuts a bundle at each `import('./…')` of our own code and reports what was cut off. Code that two of them use is in both:
 * one file to read costs less than the many small ones of a bundler's own splitting, and errors are recognised by code.
 */
export function cutAtDynamicImports(fileOf: (name: string) => string, found: (entry: LazyEntry) => void): Plugin {
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
        return { path: fileOf(name), external: true };
      });
    },
  };
}
