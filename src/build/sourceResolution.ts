/**
 * Lets plain Node run the sources: product code names its imports `./x.js`, as the emitted files would be called, and
 * there is no emitted file. Preload with `node --import ./src/build/sourceResolution.ts script.ts`.
 */
import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

registerHooks({
  resolve(specifier, context, nextResolve) {
    const parent = context.parentURL;
    if (/^\.\.?\/.*\.js$/.test(specifier) && parent?.startsWith('file:') && !parent.includes('/node_modules/')) {
      const source = new URL(specifier.replace(/\.js$/, '.ts'), parent);
      if (existsSync(fileURLToPath(source))) return nextResolve(source.href, context);
    }
    return nextResolve(specifier, context);
  },
});
